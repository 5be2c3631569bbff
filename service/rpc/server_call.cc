#include "service/rpc/server_call.h"

#include <string>

#include "service/rpc/status.h"

namespace balance {
std::variant<std::monostate, AccessRefusal> ServerCall::Identify(const Clock& clock) {
  if (served_->access.AreOpen()) return {};
  const Authorizations authorizations = call_.authorizations();
  ShownIdentity shown;
  shown.authorizations = authorizations.values();
  PeerIdentity peer;
  std::vector<std::string_view> uris;
  std::vector<std::string_view> dns_names;
  // A token decides alone, and what the connection shows takes longer to be had.
  if (shown.authorizations.empty()) {
    peer = call_.identity();
    shown.has_certificate = peer.IsAuthenticated();
    shown.uris = uris = peer.Uris();
    shown.dns_names = dns_names = peer.DnsNames();
  }
  const auto found = served_->access.Identify(shown, clock.WallNow());
  if (const auto* refusal = std::get_if<AccessRefusal>(&found)) return *refusal;
  caller_ = std::get<const CallerRule*>(found);
  if (!caller_->MayUse(method_)) return AccessRefusal::kMethodNotAllowed;
  return {};
}

template <typename Visit>
void ServerCall::VisitVisible(std::string_view after, const Visit& visit) const {
  if (IsRestricted()) {
    const auto& allowed = caller_->accounts;
    for (auto id = allowed.upper_bound(after); id != allowed.end(); ++id) {
      const AccountEndpoint* endpoint = Find(*id);
      if (endpoint && !visit(*endpoint)) return;
    }
    return;
  }
  const auto& all = served_->accounts.accounts();
  for (auto next = all.upper_bound(after); next != all.end(); ++next) {
    if (!visit(next->second)) return;
  }
}

const AccountEndpoint* ServerCall::Only() const {
  const AccountEndpoint* first = nullptr;
  bool is_only = true;
  VisitVisible("", [&](const AccountEndpoint& endpoint) {
    if (first) is_only = false;
    first = &endpoint;
    return is_only;
  });
  return is_only ? first : nullptr;
}

std::vector<const AccountEndpoint*> ServerCall::Accounts(std::string_view after,
                                                         std::size_t limit) const {
  std::vector<const AccountEndpoint*> visible;
  if (limit == 0) return visible;
  VisitVisible(after, [&](const AccountEndpoint& endpoint) {
    visible.push_back(&endpoint);
    return visible.size() < limit;
  });
  return visible;
}

ServerCall::Totals ServerCall::CountAll() const {
  const AccountDirectory& all = served_->accounts;
  if (!IsRestricted()) return {all.accounts().size(), all.source_count()};
  Totals totals;
  VisitVisible("", [&](const AccountEndpoint& endpoint) {
    ++totals.accounts;
    totals.sources += endpoint.source_count;
    return true;
  });
  return totals;
}

AccessDenial ServerCall::Denial(AccessRefusal refusal, std::string_view account) const {
  AccessDenial denial;
  denial.method = method_;
  denial.refusal = refusal;
  if (caller_) denial.caller = caller_->id;
  const PeerIdentity peer = call_.identity();
  for (const auto& names : {peer.Uris(), peer.DnsNames()}) {
    for (const std::string_view name : names) {
      if (!denial.certificate.empty()) denial.certificate += ' ';
      denial.certificate += ShortText(name);
      if (denial.certificate.size() > 512) break;
    }
  }
  denial.peer = call_.peer();
  denial.account = ShortText(account);
  return denial;
}

}  // namespace balance
