#pragma once

// One call on its way through a handler: who is calling, how long it may take, what is served, and
// what of it the caller may see.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "service/access/access_denial.h"
#include "service/rpc/rpc_error.h"
#include "service/rpc/rpc_observer.h"
#include "service/rpc/served.h"
#include "service/transport/call.h"

namespace balance {

// Times by which a call is answered.
struct CallTime {
  SteadyTime answer_by;
  // When the caller goes. SteadyTime::max(): it has set no deadline.
  SteadyTime deadline = SteadyTime::max();
};

// A copy may be kept for as long as the call is not finished.
class CallContext {
 public:
  // Time that a call without a deadline gets.
  static constexpr Duration kDefaultDeadline = std::chrono::seconds(10);
  // A later deadline counts as this.
  static constexpr Duration kLongestDeadline = std::chrono::hours(24);
  // An answer leaves this long before the caller's deadline, or a quarter of its time if that is
  // less: for the way to the caller. AnswerSchedule adds what many answers at a time, or a loop
  // that is late, take.
  static constexpr Duration kAnswerMargin = std::chrono::milliseconds(25);

  // The call has begun. `served` is kept alive; the others must outlive the call.
  CallContext(Call& call, RpcMethod method, std::shared_ptr<const Served> served,
              RpcObserver& observer, const Clock& clock);

  // Finds out who is calling, and whether anybody still waits. Fails if no work is to be done for
  // this call. REQUIRES: called once, before anything is answered.
  RpcResult<void> Admit();

  // For a call that goes on for long: what is served by now counts for it. Identify() must follow.
  void Serve(std::shared_ptr<const Served> served) {
    served_ = std::move(served);
    caller_ = nullptr;
  }
  // Finds out once more who is calling, and whether the caller may use the method.
  RpcResult<void> Identify();

  // Tells the observer that a stream, which is not answered by Finish(), has ended.
  void NoteHandled(StatusCode code) const;

  // Answers the call: every unary call ends here, once. Thread-safe.
  void Finish(RpcResult<Response> answer) const;

  // PERMISSION_DENIED or UNAUTHENTICATED, which the observer hears of. `account`: as the caller
  // wrote it; empty if the call is not about one.
  RpcFailure Deny(AccessRefusal refusal, std::string_view account) const;

  Call& call() const { return call_; }
  RpcMethod method() const { return method_; }
  // Which trace the call belongs to; unset if it does not say.
  const std::optional<TraceContext>& trace() const { return trace_; }
  const CallTime& time() const { return time_; }
  const std::shared_ptr<const Served>& served() const { return served_; }

  // Whether the caller may see the same accounts as `other`'s, of those that there are for both.
  bool SeesAs(const CallContext& other) const {
    if (!IsRestricted() || !other.IsRestricted()) return IsRestricted() == other.IsRestricted();
    return caller_->accounts == other.caller_->accounts;
  }
  bool MaySee(std::string_view account) const {
    return caller_ == nullptr || caller_->MaySee(account);
  }

  // The id of the caller's rule; empty where everybody may see everything.
  std::string_view caller_id() const { return caller_ ? std::string_view(caller_->id) : ""; }

  // Null if there is no such account. REQUIRES: MaySee(account).
  const AccountEndpoint* Find(std::string_view account) const {
    return served_->accounts.Find(account);
  }
  // The only account that the caller may see; null unless there is exactly one.
  const AccountEndpoint* Only() const;
  // Accounts that the caller may see, ordered by id, at most `limit` of those behind `after`. What
  // this costs depends on the limit and on the accounts of the caller, not on all there are.
  std::vector<const AccountEndpoint*> Accounts(std::string_view after, std::size_t limit) const;

  // Number of the accounts that the caller may see, and of their sources.
  struct Totals {
    std::size_t accounts = 0;
    std::size_t sources = 0;
  };
  Totals CountAll() const;

 private:
  AccessDenial Denial(AccessRefusal refusal, std::string_view account) const;
  // Whether the caller may see some accounts only, which its rule then names.
  bool IsRestricted() const { return caller_ != nullptr && !caller_->all_accounts; }
  // Calls `visit` with each account that the caller may see, ordered by id, behind `after`, until
  // it returns false.
  template <typename Visit>
  void VisitVisible(std::string_view after, const Visit& visit) const;

  Call& call_;
  const RpcMethod method_;
  std::shared_ptr<const Served> served_;
  RpcObserver& observer_;
  const Clock& clock_;
  const SteadyTime begun_;
  const CallTime time_;
  const std::optional<TraceContext> trace_;
  // Belongs to what is served; null where everybody may see everything.
  const CallerRule* caller_ = nullptr;
};

}  // namespace balance
