#pragma once

// The handlers of balance.v1.BalanceService: ask who is calling, validate, answer from the
// published snapshots where they will do, else wait on the accounts' shards.

#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"
#include "service/rpc/budget.h"
#include "service/rpc/encode_queue.h"
#include "service/rpc/incoming_call.h"
#include "service/rpc/load_limits.h"
#include "service/rpc/page.h"
#include "service/rpc/read_request.h"
#include "service/rpc/rpc_observer.h"
#include "service/rpc/served.h"
#include "service/rpc/server_call.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/rpc/waiting_call.h"
#include "service/snapshot/recent_encodings.h"

namespace balance {

// Calls and answers are bytes, for the usual answer is bytes that are ready. Called on the threads
// of the queues, of which there are few: nothing here blocks, and what takes long is done
// elsewhere.
class BalanceRpc {
 public:
  // Time that a call without a deadline gets.
  static constexpr Duration kDefaultDeadline = std::chrono::seconds(10);
  // A later deadline counts as this.
  static constexpr Duration kLongestDeadline = std::chrono::hours(24);
  // An answer leaves this long before the caller's deadline, or a quarter of its time if that is
  // less: for the way to the caller. AnswerSchedule adds what many answers at a time, or a loop
  // that is late, take.
  static constexpr Duration kAnswerMargin = std::chrono::milliseconds(25);
  static constexpr int kMaxBatchSize = 100;
  // An answer about more accounts is made on a thread of its own; see EncodeQueue.
  static constexpr std::size_t kAccountsEncodedAtOnce = 16;
  // As many accounts are searched for a name in the time in which one is encoded, or more.
  static constexpr std::size_t kAccountsSearchedForOne = 32;

  // All must outlive the server's calls. `served` holds something before the first call.
  BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer,
             LoadLimits limits = {});

  // Thread-safe. `call` is finished before this returns or later.
  void Handle(RpcMethod method, IncomingCall& call);

 private:
  // Times by which a call is answered.
  struct CallTime {
    SteadyTime answer_by;
    // When the caller goes. SteadyTime::max(): it has set no deadline.
    SteadyTime deadline = SteadyTime::max();
  };
  // One account of a call, checked.
  struct Target {
    const AccountEndpoint* endpoint = nullptr;
    std::shared_ptr<const AccountView> view;
    AccountRead read;
    std::vector<bool> required;
  };
  struct Filter {
    SourceNames sources;
    v1::FundClass fund_class = v1::FUND_CLASS_UNSPECIFIED;
  };
  // The accounts that a call asks about, and what it asks. Kept until it is answered.
  struct Question {
    std::vector<const AccountEndpoint*> accounts;
    // Whether the filter's names may also be those of accounts that are on another page.
    bool is_page = false;
    Filter filter;
    CheckedPolicy checked;
    EncodeView detail = EncodeView::kFull;
    CallTime time;
  };
  // What a question is about.
  struct Selection {
    std::vector<Target> targets;
    // Which of the filter's names have been found.
    SourceNames::Found found;
    // Whether an id on a page may still be that of a source of any other account.
    bool needs_search = false;
  };
  // Makes the response of the targets' answers.
  using Respond = std::function<grpc::Status(
      const std::vector<Target>&, const std::vector<AccountAnswer>&, MessageBytes& response)>;

  void GetAccountSnapshot(const ServerCall& call);
  void GetSourceBalance(const ServerCall& call);
  void BatchGetAccountSnapshots(const ServerCall& call);
  void ListAccountSnapshots(const ServerCall& call);
  void ListSources(const ServerCall& call);

  Now Time() const { return clock_.Time(); }
  CallTime TimeOf(const ServerCall& call) const;
  grpc::Status Deny(const ServerCall& call, AccessRefusal refusal, std::string_view account) const;
  // Ends a call: every call ends here.
  void Finish(IncomingCall& call, RpcMethod method, const grpc::Status& status,
              MessageBytes response) const;
  void FinishNow(const ServerCall& call, const grpc::Status& status,
                 MessageBytes response = {}) const;
  // Ends a call whose caller waits no longer, before any more work is done for it; false if there
  // is still somebody.
  bool EndIfGone(const ServerCall& call, const WaitingCall& waiting, SteadyTime deadline) const;
  // Status of a call whose answer would be too long.
  static grpc::Status TooLarge(const ServerCall& call, EncodeView detail);

  grpc::Status FindAccount(const ServerCall& call, const std::string& name,
                           const std::string& field, const AccountEndpoint*& endpoint) const;
  // Finds the account by its id as it stands in `name`.
  grpc::Status FindConfigured(const ServerCall& call, const std::string& account,
                              const std::string& name, const AccountEndpoint*& endpoint) const;
  grpc::Status FindSourceOf(const ServerCall& call, const std::string& name,
                            const AccountEndpoint*& endpoint, std::string& source) const;
  // Checks the filter's fields, which the requests for whole accounts share.
  template <typename Request>
  static grpc::Status CheckFilter(const Request& request, Filter& filter);
  // Makes a target of each of the question's accounts, in the same order.
  static Selection Select(const ServerCall& call, const Question& question);
  // Checks that there is a source for every name, and notes which ones are required. Searches all
  // accounts that the caller may see if the selection needs that.
  static grpc::Status Check(const ServerCall& call, const Question& question, Selection& selection);
  // Notes the names of the account's sources in `found`.
  static void NoteNames(const AccountEndpoint& endpoint, const SourceNames& names,
                        SourceNames::Found& found);

  // Answers at once if every account can be answered from its published view, else when all have
  // answered; on the encoding thread if they, or those that are searched for a name, are many.
  void Answer(const ServerCall& call, Question question, Respond respond);
  // Does `work` on the encoding thread, unless nobody waits for it any more by then. Refuses the
  // call if the queue is full. The call keeps the WaitingCall.
  void EncodeLater(const ServerCall& call, std::size_t accounts, SteadyTime deadline,
                   std::function<void(WaitingCall&)> work);
  // Answers about the targets. `waiting` is what the call keeps already; null if nothing.
  void AnswerTargets(const ServerCall& call, std::vector<Target> targets, Respond respond,
                     WaitingCall* waiting);
  void AnswerWhenRead(const ServerCall& call, std::vector<Target> targets, Respond respond,
                      WaitingCall& waiting);
  void FinishWith(const ServerCall& call, const std::vector<Target>& targets,
                  const std::vector<AccountAnswer>& answers, const Respond& respond) const;

  // Answers with the bytes that are ready; false if they are no answer.
  bool FinishPublished(const ServerCall& call, const AccountEndpoint& endpoint,
                       const ReadBounds& bounds) const;
  grpc::Status ListQuestion(const ServerCall& call, const v1::ListAccountSnapshotsRequest& request,
                            Question& question, std::string& next_page_token) const;
  // Calls `done` exactly once, with the answers of the targets as they are at one instant; see
  // JudgeTogether().
  void AtOneInstant(const std::vector<Target>& targets, std::vector<AccountAnswer> answers,
                    std::function<void(std::vector<AccountAnswer>)> done) const;
  static SnapshotRevision RevisionOf(const Target& target, const AccountAnswer& answer) {
    return {target.view->revision.epoch, answer.revision};
  }
  ServedSnapshot EncodeAnswer(const Target& target, const AccountAnswer& answer, EncodeView detail,
                              bool is_of_many);
  // Finds the accounts that the request is about, from the one in which the page begins.
  grpc::Status AccountsOfSources(const ServerCall& call, const v1::ListSourcesRequest& request,
                                 const PageEnd& after, std::size_t page_size,
                                 std::vector<const AccountEndpoint*>& accounts,
                                 std::size_t& total_size) const;

  const Published<Served>& served_;
  const Clock& clock_;
  RpcObserver& observer_;
  RecentEncodings encodings_;
  // Number of accounts that calls wait for on the shards.
  Budget awaited_accounts_;
  EncodeQueue encoder_;
};

}  // namespace balance
