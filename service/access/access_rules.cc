#include "service/access/access_rules.h"

#include <sodium.h>

#include <optional>

#include "clients/core/ascii.h"
#include "service/access/token_hash.h"

namespace balance {
namespace {

constexpr std::string_view kSpiffeScheme = "spiffe://";
constexpr std::string_view kBearer = "bearer ";

// The token of `Bearer TOKEN`; the scheme's case does not matter.
std::optional<std::string_view> TokenOf(std::string_view authorization) {
  if (!EqualIgnoringAsciiCase(authorization.substr(0, kBearer.size()), kBearer))
    return std::nullopt;
  authorization.remove_prefix(kBearer.size());
  if (authorization.empty()) return std::nullopt;
  return authorization;
}

}  // namespace

std::variant<const CallerRule*, AccessRefusal> AccessRules::Identify(const ShownIdentity& shown,
                                                                     WallTime now) const {
  if (!shown.authorizations.empty()) {
    const auto token =
        shown.authorizations.size() == 1 ? TokenOf(shown.authorizations.front()) : std::nullopt;
    if (!token) return AccessRefusal::kMalformedAuthorization;
    return FindToken(*token, now);
  }
  if (!shown.has_certificate) return AccessRefusal::kNothingShown;
  return FindCertificate(shown);
}

std::variant<const CallerRule*, AccessRefusal> AccessRules::FindToken(std::string_view token,
                                                                      WallTime now) const {
  const Sha256 hash = HashOfToken(token);
  const CallerRule* caller = nullptr;
  bool expired = false;
  // Compare with every token, whatever was found: the time taken must not tell where a match
  // stands.
  for (const CallerRule& rule : rules_) {
    const auto* tokens = std::get_if<BearerTokens>(&rule.identity);
    if (!tokens) continue;
    for (const TokenHash& known : tokens->hashes) {
      if (crypto_verify_32(known.sha256.data(), hash.data()) != 0) continue;
      if (now < known.expire_time) {
        caller = &rule;
      } else {
        expired = true;
      }
    }
  }
  if (caller) return caller;
  return expired ? AccessRefusal::kExpiredToken : AccessRefusal::kUnknownToken;
}

std::variant<const CallerRule*, AccessRefusal> AccessRules::FindCertificate(
    const ShownIdentity& shown) const {
  const bool by_uri = !shown.uris.empty();
  const auto& names = by_uri ? shown.uris : shown.dns_names;
  if (names.size() != 1) return AccessRefusal::kAmbiguousCertificate;
  const std::string_view name = names.front();
  if (by_uri && !name.starts_with(kSpiffeScheme)) return AccessRefusal::kAmbiguousCertificate;
  for (const CallerRule& rule : rules_) {
    if (by_uri) {
      const auto* spiffe = std::get_if<SpiffeId>(&rule.identity);
      if (spiffe && spiffe->uri == name) return &rule;
    } else {
      const auto* dns = std::get_if<DnsName>(&rule.identity);
      if (dns && EqualIgnoringAsciiCase(dns->name, name)) return &rule;
    }
  }
  return AccessRefusal::kUnknownCertificate;
}

}  // namespace balance
