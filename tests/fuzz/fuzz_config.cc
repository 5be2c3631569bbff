// Any text as the YAML of a configuration. Inputs that name a file are left alone: a fuzzer has no
// business in this machine's files.

#include <sodium.h>

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "clients/polymarket_us/venue.h"
#include "service/config/build_config.h"
#include "service/config/print_config.h"
#include "service/config/yaml_reader.h"
#include "service/server/venues.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

std::optional<std::string> NoVariable(const std::string&) { return std::nullopt; }

std::vector<const config::v1::Secret*> SecretsOf(const config::v1::Config& message) {
  std::vector<const config::v1::Secret*> secrets;
  for (const auto& account : message.accounts()) {
    for (const auto& source : account.sources()) {
      for (const auto& [key, secret] : source.login().secrets()) secrets.push_back(&secret);
    }
  }
  const config::v1::Fleet& fleet = message.fleet();
  for (const auto* secret : {&fleet.sealing_key(), &fleet.previous_sealing_key(),
                             &fleet.redis().password(), &fleet.redis().sentinel().password()}) {
    secrets.push_back(secret);
  }
  return secrets;
}

bool NamesFile(const config::v1::Config& message) {
  for (const auto* secret : SecretsOf(message)) {
    if (secret->has_file()) return true;
  }
  if (!message.upstream().tls_ca_file().empty()) return true;
  if (!message.fleet().redis().tls().ca_file().empty()) return true;
  for (const auto& account : message.accounts()) {
    for (const auto& source : account.sources()) {
      if (!source.upstream().tls_ca_file().empty()) return true;
    }
  }
  return false;
}

std::size_t Count(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// Whether the canary stands in secrets and nowhere else.
bool OnlySecretsHoldCanary(const std::string& yaml, const config::v1::Config& message) {
  std::size_t count = 0;
  for (const auto* secret : SecretsOf(message)) count += Count(secret->value(), kCanary);
  return count == Count(yaml, kCanary);
}

void CheckIssues(const std::vector<ConfigIssue>& issues, bool canary_is_secret) {
  Require(!issues.empty(), "a refusal has a reason");
  int line = 0;
  for (const ConfigIssue& issue : issues) {
    const std::string text = issue.ToString();
    Require(text.find('\n') == std::string::npos, "an issue is one line");
    Require(IsUtf8(text), "an issue is UTF-8");
    Require(!issue.problem.empty() && !issue.remedy.empty(), "an issue is explained");
    Require(issue.line >= line, "issues are in the order of the lines");
    line = issue.line;
    Require(!canary_is_secret || text.find(kCanary) == std::string::npos,
            "an issue repeats no secret");
  }
}

std::string Base64(std::span<const unsigned char> bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::vector<std::string> SecretTexts(const FleetConfig& fleet) {
  std::vector<std::string> texts;
  const auto add_password = [&](const RedisLogin& login) {
    if (login.password) texts.emplace_back(login.password->Expose());
  };
  if (fleet.redis.sentinel) add_password(fleet.redis.sentinel->login);
  add_password(fleet.redis.login);
  for (const auto& key : {fleet.sealing_key, fleet.previous_sealing_key}) {
    if (key) texts.push_back(Base64(key->ExposeBytes()));
  }
  return texts;
}

// In the order in which PrintConfig() masks them.
std::vector<std::string> SecretTexts(const Config& config) {
  std::vector<std::string> texts;
  if (config.fleet) texts = SecretTexts(*config.fleet);
  for (const AccountConfig& account : config.accounts) {
    for (const SourceConfig& source : account.sources) {
      if (source.venue == &polymarket_us::TheVenue()) {
        texts.push_back(source.login.key_id);
        texts.push_back(Base64(source.login.secret->ExposeBytes()));
      } else {
        texts.emplace_back(source.login.secret->Expose());
      }
    }
  }
  return texts;
}

std::string SingleQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

std::string Unmasked(std::string yaml, const std::vector<std::string>& secrets) {
  constexpr std::string_view kMask = "\"***\"";
  std::size_t at = 0;
  for (const std::string& secret : secrets) {
    at = yaml.find("{value: \"***\"}", at);
    Require(at != std::string::npos, "every secret is masked");
    yaml.replace(at + std::string_view("{value: ").size(), kMask.size(), SingleQuoted(secret));
  }
  return yaml;
}

void CheckConfig(const Config& config, bool canary_is_secret) {
  const std::string printed = PrintConfig(config);
  Require(!canary_is_secret || printed.find(kCanary) == std::string::npos,
          "secrets are not printed");
  ConfigDocument document("printed.yaml", AllVenues());
  Require(ReadYaml(Unmasked(printed, SecretTexts(config)), document), "what is printed is read");
  const Config again = BuildConfig(document, NoVariable);
  Require(!document.HasIssues(), "what is printed is accepted");
  Require(PrintConfig(again) == printed, "what is printed means the same");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  static const bool ready = sodium_init() >= 0;
  fuzz::Require(ready, "libsodium works");

  const std::string yaml(fuzz::AsText(data, size));
  ConfigDocument document("fuzz.yaml", AllVenues());
  if (!ReadYaml(yaml, document)) {
    fuzz::CheckIssues(document.TakeIssues(), false);
    return 0;
  }
  if (fuzz::NamesFile(document.message())) return 0;
  const bool canary_is_secret = fuzz::OnlySecretsHoldCanary(yaml, document.message());
  const Config config = BuildConfig(document, fuzz::NoVariable);
  if (document.HasIssues()) {
    fuzz::CheckIssues(document.TakeIssues(), canary_is_secret);
  } else {
    fuzz::CheckConfig(config, canary_is_secret);
  }
  return 0;
}
