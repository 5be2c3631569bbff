#pragma once

// One call on its way through a handler: what is served, and what of it the caller may see.

#include <cstddef>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "clients/core/clock.h"
#include "service/access/access_denial.h"
#include "service/rpc/incoming_call.h"
#include "service/rpc/served.h"

namespace balance {

// A copy may be kept for as long as the call is not finished.
class ServerCall {
 public:
  // `served` is kept alive; `caller` belongs to it, null where everybody may see everything.
  // `call` must outlive this.
  ServerCall(IncomingCall& call, RpcMethod method, std::shared_ptr<const Served> served)
      : call_(call), method_(method), served_(std::move(served)) {}

  // Finds out who is calling. REQUIRES: called once, before anything is answered.
  std::variant<std::monostate, AccessRefusal> Identify(const Clock& clock);

  IncomingCall& call() const { return call_; }
  RpcMethod method() const { return method_; }
  const std::shared_ptr<const Served>& served() const { return served_; }

  bool MaySee(std::string_view account) const { return !caller_ || caller_->MaySee(account); }

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

  // `account`: as the caller wrote it; empty if it is not about one.
  AccessDenial Denial(AccessRefusal refusal, std::string_view account) const;

 private:
  // Whether the caller may see some accounts only, which its rule then names.
  bool IsRestricted() const { return caller_ && !caller_->all_accounts; }
  // Calls `visit` with each account that the caller may see, ordered by id, behind `after`, until
  // it returns false.
  template <typename Visit>
  void VisitVisible(std::string_view after, const Visit& visit) const;

  IncomingCall& call_;
  const RpcMethod method_;
  const std::shared_ptr<const Served> served_;
  const CallerRule* caller_ = nullptr;
};

}  // namespace balance
