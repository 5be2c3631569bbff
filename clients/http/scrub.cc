#include "clients/http/scrub.h"

#include <algorithm>
#include <array>
#include <vector>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr std::array<std::string_view, 2> kKeyPrefixes = {"ps_live_", "ps_test_"};
// No ordinary word of an error text is a run of this length.
constexpr std::size_t kCredentialLength = 24;

bool IsCredentialCharacter(char c) {
  return IsAsciiAlphanumeric(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
}

// Marks each character of `text` that belongs to one of `secrets`, which may overlap.
std::vector<bool> FindSecrets(std::string_view text, std::span<const std::string_view> secrets) {
  std::vector<bool> hidden(text.size());
  for (const std::string_view secret : secrets) {
    if (secret.empty()) continue;
    std::size_t marked = 0;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 1)) {
      for (marked = std::max(marked, at); marked < at + secret.size(); ++marked) {
        hidden[marked] = true;
      }
    }
  }
  return hidden;
}

bool HasKeyPrefix(std::string_view text) {
  return std::any_of(kKeyPrefixes.begin(), kKeyPrefixes.end(), [text](std::string_view prefix) {
    return text.find(prefix) != std::string_view::npos;
  });
}

bool LooksLikeCredential(std::string_view run) {
  return run.size() >= kCredentialLength || HasKeyPrefix(run);
}

bool Holds(std::string_view text, std::string_view secret) {
  if (secret.empty() || text.size() < secret.size()) return false;
  if (secret.size() < kShortestSearchedSecret && text.size() > secret.size()) return false;
  return std::search(text.begin(), text.end(), secret.begin(), secret.end(), [](char a, char b) {
           return ToAsciiLower(a) == ToAsciiLower(b);
         }) != text.end();
}

// Number of bytes to read beyond kMaxScrubbedText, so that every secret that begins before it is
// seen as a whole.
std::size_t Overlap(std::span<const std::string_view> secrets) {
  std::size_t overlap = kCredentialLength;
  for (const std::string_view secret : secrets) overlap = std::max(overlap, secret.size());
  return overlap;
}

}  // namespace

std::string ScrubForLog(std::string_view upstream_text, std::span<const std::string_view> secrets) {
  const std::string_view text = upstream_text.substr(0, kMaxScrubbedText + Overlap(secrets));
  const std::vector<bool> hidden = FindSecrets(text, secrets);
  const std::size_t end = std::min(text.size(), kMaxScrubbedText);
  std::string scrubbed;
  std::size_t at = 0;
  while (at < end && scrubbed.size() <= kMaxLogText) {
    const std::size_t begin = at;
    while (at < text.size() && hidden[at]) ++at;
    if (at > begin) {
      scrubbed += kSecretMask;
      continue;
    }
    while (at < text.size() && !hidden[at] && IsCredentialCharacter(text[at])) ++at;
    if (at > begin) {
      const bool masked = LooksLikeCredential(text.substr(begin, at - begin));
      scrubbed += masked ? kSecretMask : text.substr(begin, std::min(at, end) - begin);
      continue;
    }
    scrubbed += IsAsciiPrintable(text[at]) ? text[at] : '?';
    ++at;
  }
  if (scrubbed.size() > kMaxLogText || upstream_text.size() > end) {
    scrubbed.resize(std::min(scrubbed.size(), kMaxLogText));
    scrubbed += "...";
  }
  return scrubbed;
}

bool HoldsSecret(std::string_view text, std::span<const std::string_view> secrets) {
  return HasKeyPrefix(text) ||
         std::any_of(secrets.begin(), secrets.end(),
                     [text](std::string_view secret) { return Holds(text, secret); });
}

std::string CleanRequestId(std::string_view text) {
  const bool clean =
      text.size() <= kMaxRequestId &&
      std::all_of(text.begin(), text.end(), [](char c) { return IsAsciiPrintable(c) && c != ' '; });
  return clean ? std::string(text) : std::string();
}

}  // namespace balance
