#pragma once

// Decides who is calling, and whether that caller may. Pure: it judges what a connection and a call
// have shown.

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/access/caller_rule.h"

namespace balance {

// Proofs of identity that a caller has shown. Borrowed; valid during one call of Identify().
struct ShownIdentity {
  // The connection carries a client certificate that leads to a CA of ours.
  bool has_certificate = false;
  // All URIs of the certificate, and all of its DNS names.
  std::span<const std::string_view> uris;
  std::span<const std::string_view> dns_names;
  // Values of the call's `authorization`.
  std::span<const std::string_view> authorizations;
};

// Reasons to refuse a call: it is not known who is calling, or that caller may not.
enum class AccessRefusal : std::uint8_t {
  // Neither a token nor a certificate.
  kNothingShown,
  // Not exactly one `authorization` of the form `Bearer TOKEN`.
  kMalformedAuthorization,
  kUnknownToken,
  kExpiredToken,
  // A certificate with several URIs or, without any, not exactly one DNS name; or whose URI is no
  // SPIFFE id.
  kAmbiguousCertificate,
  // A certificate that is good, of somebody whom no rule names.
  kUnknownCertificate,
  // A known caller; the method or the account is not for it.
  kMethodNotAllowed,
  kAccountNotAllowed,
};

// Immutable, hence thread-safe.
class AccessRules {
 public:
  // Without rules everybody may see everything.
  explicit AccessRules(std::vector<CallerRule> rules) : rules_(std::move(rules)) {}

  bool AreOpen() const { return rules_.empty(); }
  const std::vector<CallerRule>& rules() const { return rules_; }

  // The rule of the caller, which lives as long as these rules. A token that is shown decides
  // alone. Tokens are compared in constant time. REQUIRES: !AreOpen().
  std::variant<const CallerRule*, AccessRefusal> Identify(const ShownIdentity& shown,
                                                          WallTime now) const;

 private:
  std::variant<const CallerRule*, AccessRefusal> FindToken(std::string_view token,
                                                           WallTime now) const;
  std::variant<const CallerRule*, AccessRefusal> FindCertificate(const ShownIdentity& shown) const;

  std::vector<CallerRule> rules_;
};

}  // namespace balance
