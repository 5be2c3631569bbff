#pragma once

// The handlers of balance.v1.BalanceService: ask who is calling, validate, answer from the
// published snapshots where they will do, else wait on the accounts' shards.

#include <grpcpp/support/status.h>

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"
#include "service/rpc/incoming_call.h"
#include "service/rpc/page.h"
#include "service/rpc/read_request.h"
#include "service/rpc/rpc_observer.h"
#include "service/rpc/served.h"
#include "service/rpc/server_call.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/snapshot/recent_encodings.h"

namespace balance {

// Calls and answers are bytes, for the usual answer is bytes that are ready. Called on the threads
// of the queues, of which there are few: nothing here blocks, and what takes long is done
// elsewhere.
class BalanceRpc {
 public:
  // For a call that comes without a deadline.
  static constexpr Duration kDefaultDeadline = std::chrono::seconds(10);
  // A later deadline counts as this.
  static constexpr Duration kLongestDeadline = std::chrono::hours(24);
  // An answer leaves this long before the caller's deadline, or a quarter of its time if that is
  // less: for the way to the caller. AnswerSchedule adds what many answers at a time, or a loop
  // that is late, take.
  static constexpr Duration kAnswerMargin = std::chrono::milliseconds(25);
  static constexpr int kMaxBatchSize = 100;
  // An answer about more accounts is encoded on a thread of its own, so that neither a queue nor a
  // shard keeps others waiting for it.
  static constexpr std::size_t kAccountsEncodedAtOnce = 16;

  // All must outlive the server's calls. `served` holds something before the first call.
  BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer);

  // Thread-safe. `call` is finished before this returns or later.
  void Handle(RpcMethod method, IncomingCall& call);

 private:
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
  // Makes the response of the targets' answers.
  using Respond = std::function<grpc::Status(
      const std::vector<Target>&, const std::vector<AccountAnswer>&, MessageBytes& response)>;

  void GetAccountSnapshot(const ServerCall& call);
  void GetSourceBalance(const ServerCall& call);
  void BatchGetAccountSnapshots(const ServerCall& call);
  void ListAccountSnapshots(const ServerCall& call);
  void ListSources(const ServerCall& call);

  Now Time() const { return clock_.Time(); }
  SteadyTime AnswerBy(const ServerCall& call) const;
  grpc::Status Deny(const ServerCall& call, AccessRefusal refusal, std::string_view account) const;
  // The end of every call.
  void Finish(IncomingCall& call, RpcMethod method, const grpc::Status& status,
              MessageBytes response) const;
  // Now, or on the encoding thread if it is about so many accounts.
  void Encode(std::size_t accounts, std::function<void()> work);
  void FinishNow(const ServerCall& call, const grpc::Status& status,
                 MessageBytes response = {}) const;

  grpc::Status FindAccount(const ServerCall& call, const std::string& name,
                           const std::string& field, const AccountEndpoint*& endpoint) const;
  // By the account's id as it stands in `name`.
  grpc::Status FindConfigured(const ServerCall& call, const std::string& account,
                              const std::string& name, const AccountEndpoint*& endpoint) const;
  grpc::Status FindSourceOf(const ServerCall& call, const std::string& name,
                            const AccountEndpoint*& endpoint, std::string& source) const;
  // Of the fields of that name, which the requests for whole accounts share.
  template <typename Request>
  static grpc::Status CheckFilter(const Request& request, Filter& filter);
  // Notes in `found` which of the filter's names the account has.
  static grpc::Status MakeTarget(const AccountEndpoint& endpoint, const Filter& filter,
                                 const CheckedPolicy& checked, SteadyTime answer_by,
                                 SourceNames::Found& found, Target& target);

  // Every name must be one of a source of at least one account that the caller may see.
  static grpc::Status CheckNamesOfAll(const ServerCall& call, const SourceNames& names);

  // Answers at once if every target can be answered from its published view, else when all have
  // answered.
  void Answer(const ServerCall& call, std::vector<Target> targets, Respond respond);

  // Answers with the bytes that are ready, if they are an answer.
  bool PutPublished(const AccountEndpoint& endpoint, const ReadBounds& bounds,
                    MessageBytes& response) const;
  static grpc::Status SnapshotTarget(const AccountEndpoint& endpoint,
                                     const v1::GetAccountSnapshotRequest& request,
                                     const CheckedPolicy& checked, SteadyTime answer_by,
                                     EncodeView& detail, Target& target);
  grpc::Status ListTargets(const ServerCall& call, const v1::ListAccountSnapshotsRequest& request,
                           SteadyTime answer_by, std::vector<Target>& targets,
                           std::string& next_page_token) const;
  // Calls `done` exactly once, with the answers of the targets as they are at one instant; see
  // JudgeTogether().
  void AtOneInstant(const std::vector<Target>& targets, std::vector<AccountAnswer> answers,
                    std::function<void(std::vector<AccountAnswer>)> done) const;
  static SnapshotRevision RevisionOf(const Target& target, const AccountAnswer& answer) {
    return {target.view->revision.epoch, answer.revision};
  }
  ServedSnapshot EncodeAnswer(const Target& target, const AccountAnswer& answer, EncodeView detail);
  // The accounts that the request is about, from the one in which the page begins.
  grpc::Status AccountsOfSources(const ServerCall& call, const v1::ListSourcesRequest& request,
                                 const PageEnd& after, std::size_t page_size,
                                 std::vector<const AccountEndpoint*>& accounts,
                                 std::size_t& total_size) const;

  const Published<Served>& served_;
  const Clock& clock_;
  RpcObserver& observer_;
  RecentEncodings encodings_;
  boost::asio::thread_pool encoder_{1};
};

}  // namespace balance
