#include "service/rpc/call_context.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "clients/core/saturating.h"

namespace balance {
namespace {

// Of a certificate's names in a line of the audit log.
constexpr std::size_t kMostNameBytes = 512;

// The values of a call's `authorization`. At most two: more than one is as wrong as many.
class Authorizations {
 public:
  explicit Authorizations(const Metadata& metadata) {
    metadata.ForEach([this](std::string_view name, std::string_view value) {
      if (name == "authorization" && size_ < values_.size()) values_[size_++] = value;
    });
  }

  std::span<const std::string_view> values() const { return {values_.data(), size_}; }

 private:
  std::array<std::string_view, 2> values_;
  std::size_t size_ = 0;
};

// The trace that a call names. Several are as none.
std::optional<TraceContext> TraceOf(const Metadata& metadata) {
  std::optional<TraceContext> trace;
  int count = 0;
  metadata.ForEach([&](std::string_view name, std::string_view value) {
    if (name == kTraceParent && ++count == 1) trace = TraceContext::Parse(value);
  });
  return count == 1 ? trace : std::nullopt;
}

CallTime TimeOf(std::optional<SteadyTime> deadline, SteadyTime begun) {
  Duration remaining = CallContext::kDefaultDeadline;
  if (deadline) {
    remaining = std::clamp(SaturatingDifference(*deadline, begun), Duration::zero(),
                           CallContext::kLongestDeadline);
  }
  const SteadyTime end = begun + remaining;
  return {end - std::min(CallContext::kAnswerMargin, remaining / 4),
          deadline ? end : SteadyTime::max()};
}

}  // namespace

CallContext::CallContext(Call& call, RpcMethod method, std::shared_ptr<const Served> served,
                         RpcObserver& observer, const Clock& clock)
    : call_(call),
      method_(method),
      served_(std::move(served)),
      observer_(observer),
      clock_(clock),
      begun_(clock.SteadyNow()),
      time_(TimeOf(call.deadline(), begun_)),
      trace_(TraceOf(call.metadata())) {
  observer_.OnStarted(method_);
}

RpcResult<void> CallContext::Admit() {
  if (auto identified = Identify(); !identified) return identified;
  if (time().deadline > begun_) return {};
  return NobodyWaits(StatusCode::kDeadlineExceeded,
                     "the deadline had passed when the call arrived");
}

RpcResult<void> CallContext::Identify() {
  if (served_->access.AreOpen()) return {};
  const Authorizations authorizations(call_.metadata());
  ShownIdentity shown;
  shown.authorizations = authorizations.values();
  std::vector<std::string_view> uris;
  std::vector<std::string_view> dns_names;
  // A token decides alone.
  if (shown.authorizations.empty()) {
    const PeerIdentity& peer = call_.identity();
    uris.assign(peer.uris.begin(), peer.uris.end());
    dns_names.assign(peer.dns_names.begin(), peer.dns_names.end());
    shown.has_certificate = peer.is_authenticated;
    shown.uris = uris;
    shown.dns_names = dns_names;
  }
  const auto found = served_->access.Identify(shown, clock_.WallNow());
  if (const auto* refusal = std::get_if<AccessRefusal>(&found)) return Deny(*refusal, "");
  caller_ = std::get<const CallerRule*>(found);
  if (!caller_->MayUse(method_)) return Deny(AccessRefusal::kMethodNotAllowed, "");
  return {};
}

void CallContext::NoteHandled(StatusCode code) const {
  observer_.OnHandled(method_, code, clock_.SteadyNow() - begun_);
  if (trace_ && code != StatusCode::kOk) {
    observer_.OnTracedFailure({method_, code, caller_id(), *trace_});
  }
}

void CallContext::Finish(RpcResult<Response> answer) const {
  if (answer) {
    NoteHandled(StatusCode::kOk);
    call_.Finish(*std::move(answer), {});
  } else {
    NoteHandled(answer.error().code);
    call_.Finish({}, ToCallStatus(answer.error()));
  }
}

RpcFailure CallContext::Deny(AccessRefusal refusal, std::string_view account) const {
  observer_.OnDenied(Denial(refusal, account));
  return Refused(refusal);
}

template <typename Visit>
void CallContext::VisitVisible(std::string_view after, const Visit& visit) const {
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

const AccountEndpoint* CallContext::Only() const {
  const AccountEndpoint* first = nullptr;
  bool is_only = true;
  VisitVisible("", [&](const AccountEndpoint& endpoint) {
    if (first) is_only = false;
    first = &endpoint;
    return is_only;
  });
  return is_only ? first : nullptr;
}

std::vector<const AccountEndpoint*> CallContext::Accounts(std::string_view after,
                                                          std::size_t limit) const {
  std::vector<const AccountEndpoint*> visible;
  if (limit == 0) return visible;
  VisitVisible(after, [&](const AccountEndpoint& endpoint) {
    visible.push_back(&endpoint);
    return visible.size() < limit;
  });
  return visible;
}

CallContext::Totals CallContext::CountAll() const {
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

AccessDenial CallContext::Denial(AccessRefusal refusal, std::string_view account) const {
  AccessDenial denial;
  denial.method = method_;
  denial.refusal = refusal;
  if (caller_) denial.caller = caller_->id;
  const PeerIdentity& peer = call_.identity();
  for (const auto* names : {&peer.uris, &peer.dns_names}) {
    for (const std::string& name : *names) {
      if (!denial.certificate.empty()) denial.certificate += ' ';
      denial.certificate += ShortText(name);
      if (denial.certificate.size() > kMostNameBytes) break;
    }
  }
  denial.peer = call_.peer();
  denial.account = ShortText(account);
  denial.trace = trace_;
  return denial;
}

}  // namespace balance
