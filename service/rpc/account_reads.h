#pragma once

// Reads of accounts on behalf of calls: answers from what is published where that will do, else
// waits on the accounts' shards; many accounts are answered on a thread of their own.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"
#include "service/rpc/budget.h"
#include "service/rpc/call_context.h"
#include "service/rpc/encode_queue.h"
#include "service/rpc/load_limits.h"
#include "service/rpc/read_request.h"
#include "service/rpc/waiting_call.h"

namespace balance {

// The sources that a call asks for.
struct SourceFilter {
  SourceNames sources;
  v1::FundClass fund_class = v1::FUND_CLASS_UNSPECIFIED;
};

// The accounts that a call asks about, and what it asks. Kept until it is answered.
struct Question {
  std::vector<const AccountEndpoint*> accounts;
  // Whether the filter's names may also be those of accounts that are on another page.
  bool is_page = false;
  SourceFilter filter;
  CheckedPolicy checked;
};

// One account of a call, checked.
struct Target {
  const AccountEndpoint* endpoint = nullptr;
  std::shared_ptr<const AccountView> view;
  AccountRead read;
  std::vector<bool> required;
};

// Thread-safe; nothing here blocks.
class AccountReads {
 public:
  // An answer about more accounts is made on a thread of its own; see EncodeQueue.
  static constexpr std::size_t kAccountsEncodedAtOnce = 16;
  // As many accounts are searched for a name in the time in which one is encoded, or more.
  static constexpr std::size_t kAccountsSearchedForOne = 32;

  // Makes the response of the targets' answers, which are in the same order. Called once at most.
  using Respond = std::function<RpcResult<Response>(const std::vector<Target>&,
                                                    const std::vector<AccountAnswer>&)>;

  // `clock` must outlive the calls.
  AccountReads(const Clock& clock, LoadLimits limits)
      : clock_(clock),
        awaited_accounts_(limits.awaited_accounts),
        encoder_(limits.queued_accounts) {}

  // Finishes the call with what `respond` makes of the answers: at once if every account can be
  // answered from its published view, else when all have answered.
  void Answer(const CallContext& call, Question question, Respond respond);
  // The same about targets that are checked already.
  void Answer(const CallContext& call, std::vector<Target> targets, Respond respond);

  // Finishes the call with what `make` returns, on the encoding thread if the answer is about many
  // accounts.
  void AnswerAbout(const CallContext& call, std::size_t accounts,
                   std::function<RpcResult<Response>()> make);

 private:
  // What a question is about.
  struct Selection {
    std::vector<Target> targets;
    // Which of the filter's names have been found.
    SourceNames::Found found;
    // Whether an id on a page may still be that of a source of any other account.
    bool needs_search = false;
  };
  // A call that waits for its accounts. The call keeps what it waits with until it is finished.
  struct Waiting {
    CallContext call;
    std::vector<Target> targets;
    Respond respond;
    WaitingCall& work;
  };

  // Makes a target of each of the question's accounts, in the same order.
  static Selection Select(const CallContext& call, const Question& question);
  // Checks that there is a source for every name, and notes which ones are required. Searches all
  // accounts that the caller may see if the selection needs that.
  static RpcResult<void> Check(const CallContext& call, const Question& question,
                               Selection& selection);
  // Notes the names of the account's sources in `found`.
  static void NoteNames(const AccountEndpoint& endpoint, const SourceNames& names,
                        SourceNames::Found& found);

  // Does `work` on the encoding thread, unless nobody waits for it any more by then. Refuses the
  // call if the queue is full. The call keeps the WaitingCall.
  void EncodeLater(const CallContext& call, std::size_t accounts,
                   std::function<void(WaitingCall&)> work);
  // Answers about the targets. `waiting` is what the call keeps already; null if nothing.
  void AnswerTargets(const CallContext& call, std::vector<Target> targets, Respond respond,
                     WaitingCall* waiting);
  // The answers of all targets from what is published; fewer if one has to wait.
  std::vector<AccountAnswer> Published(const std::vector<Target>& targets) const;
  void StartReads(const std::shared_ptr<const Waiting>& waiting);
  void OnRead(const std::shared_ptr<const Waiting>& waiting, std::vector<AccountAnswer> answers);
  void FinishRead(const Waiting& waiting, const std::vector<AccountAnswer>& answers) const;
  // Ends a call whose caller waits no longer, before any more work is done for it; false if there
  // is still somebody.
  bool EndIfGone(const CallContext& call, const WaitingCall& waiting) const;
  // Calls `done` exactly once, with the answers of the targets as they are at one instant; see
  // JudgeTogether().
  void AtOneInstant(const std::vector<Target>& targets, std::vector<AccountAnswer> answers,
                    std::function<void(std::vector<AccountAnswer>)> done) const;

  const Clock& clock_;
  // Number of accounts that calls wait for on the shards.
  Budget awaited_accounts_;
  EncodeQueue encoder_;
};

}  // namespace balance
