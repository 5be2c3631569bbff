#include "service/rpc/server_call.h"

#include <grpcpp/security/auth_context.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "service/rpc/status.h"

namespace balance {
namespace {

using Texts = std::vector<std::string_view>;

// Of grpc/grpc_security_constants.h, which has no constants for those two in every version.
constexpr const char* kPeerUri = "peer_uri";
constexpr const char* kPeerDns = "peer_dns";
constexpr const char* kAuthorization = "authorization";

Texts Values(const grpc::AuthContext& peer, const char* property) {
  Texts names;
  for (const grpc::string_ref& value : peer.FindPropertyValues(property)) {
    names.emplace_back(value.data(), value.size());
  }
  return names;
}

// At most two: more than one is as wrong as many.
class Authorizations {
 public:
  explicit Authorizations(const grpc::ServerContextBase& context) {
    const auto [begin, end] = context.client_metadata().equal_range(kAuthorization);
    for (auto entry = begin; entry != end && size_ < values_.size(); ++entry) {
      values_[size_++] = {entry->second.data(), entry->second.size()};
    }
  }

  std::span<const std::string_view> values() const { return {values_.data(), size_}; }

 private:
  std::array<std::string_view, 2> values_;
  std::size_t size_ = 0;
};

}  // namespace

std::variant<std::monostate, AccessRefusal> ServerCall::Identify(const Clock& clock) {
  if (served_->access.AreOpen()) return {};
  const Authorizations authorizations(call_.context());
  ShownIdentity shown;
  shown.authorizations = authorizations.values();
  Texts uris;
  Texts dns_names;
  // A token decides alone, and what the connection shows takes longer to be had.
  if (shown.authorizations.empty()) {
    const auto peer = call_.context().auth_context();
    shown.has_certificate = peer->IsPeerAuthenticated();
    shown.uris = uris = Values(*peer, kPeerUri);
    shown.dns_names = dns_names = Values(*peer, kPeerDns);
  }
  const auto found = served_->access.Identify(shown, clock.WallNow());
  if (const auto* refusal = std::get_if<AccessRefusal>(&found)) return *refusal;
  caller_ = std::get<const CallerRule*>(found);
  if (!caller_->MayUse(method_)) return AccessRefusal::kMethodNotAllowed;
  return {};
}

const AccountEndpoint* ServerCall::Only() const {
  const AccountEndpoint* only = nullptr;
  for (const auto& [id, endpoint] : served_->accounts.accounts()) {
    if (!MaySee(id)) continue;
    if (only) return nullptr;
    only = &endpoint;
  }
  return only;
}

std::vector<const AccountEndpoint*> ServerCall::Accounts(std::string_view after,
                                                         std::size_t limit) const {
  std::vector<const AccountEndpoint*> visible;
  const auto& all = served_->accounts.accounts();
  for (auto next = all.upper_bound(after); next != all.end() && visible.size() < limit; ++next) {
    if (MaySee(next->first)) visible.push_back(&next->second);
  }
  return visible;
}

AccessDenial ServerCall::Denial(AccessRefusal refusal, std::string_view account) const {
  AccessDenial denial;
  denial.method = method_;
  denial.refusal = refusal;
  if (caller_) denial.caller = caller_->id;
  const auto peer = call_.context().auth_context();
  for (const char* property : {kPeerUri, kPeerDns}) {
    for (const std::string_view name : Values(*peer, property)) {
      if (!denial.certificate.empty()) denial.certificate += ' ';
      denial.certificate += ShortText(name);
      if (denial.certificate.size() > 512) break;
    }
  }
  denial.peer = call_.context().peer();
  denial.account = ShortText(account);
  return denial;
}

}  // namespace balance
