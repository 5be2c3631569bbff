#include "clients/http/scrub.h"

#include <algorithm>
#include <array>
#include <vector>

namespace balance {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::array<std::string_view, 2> kKeyPrefixes = {"ps_live_", "ps_test_"};
// No ordinary word of an error text is a run of this length.
constexpr std::size_t kCredentialLength = 24;

bool IsPrintable(char c) { return c >= 0x20 && c < 0x7f; }

bool IsCredentialCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=' || c == '_' || c == '-';
}

std::string MaskAll(std::string_view text, std::string_view secret) {
  if (secret.empty()) return std::string(text);
  std::string masked;
  while (true) {
    const auto at = text.find(secret);
    masked += text.substr(0, at);
    if (at == std::string_view::npos) return masked;
    masked += kMask;
    text.remove_prefix(at + secret.size());
  }
}

bool LooksLikeCredential(std::string_view run) {
  return run.size() >= kCredentialLength ||
         std::any_of(kKeyPrefixes.begin(), kKeyPrefixes.end(), [run](std::string_view prefix) {
           return run.find(prefix) != std::string_view::npos;
         });
}

std::string MaskRuns(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const auto run_end = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), IsCredentialCharacter) - text.begin());
    const std::string_view run = text.substr(0, run_end);
    masked += LooksLikeCredential(run) ? kMask : run;
    text.remove_prefix(run_end);
    if (text.empty()) break;
    masked += IsPrintable(text.front()) ? text.front() : '?';
    text.remove_prefix(1);
  }
  return masked;
}

}  // namespace

std::string ScrubForLog(std::string_view upstream_text, std::span<const std::string_view> secrets) {
  // The longest first: a secret may hold another, whose mask would hide the rest of it from us.
  std::vector<std::string_view> longest_first(secrets.begin(), secrets.end());
  std::sort(longest_first.begin(), longest_first.end(),
            [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  std::string text(upstream_text);
  for (const std::string_view secret : longest_first) text = MaskAll(text, secret);
  std::string scrubbed = MaskRuns(text);
  if (scrubbed.size() > kMaxLogText) {
    scrubbed.resize(kMaxLogText);
    scrubbed += "...";
  }
  return scrubbed;
}

std::string CleanRequestId(std::string_view text) {
  const bool clean =
      text.size() <= kMaxRequestId &&
      std::all_of(text.begin(), text.end(), [](char c) { return IsPrintable(c) && c != ' '; });
  return clean ? std::string(text) : std::string();
}

}  // namespace balance
