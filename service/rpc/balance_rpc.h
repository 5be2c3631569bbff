#pragma once

// The methods of balance.v1.BalanceService: what each is asked, and what it answers.

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"
#include "service/rpc/account_reads.h"
#include "service/rpc/call_context.h"
#include "service/rpc/load_limits.h"
#include "service/rpc/rpc_observer.h"
#include "service/rpc/served.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/rpc/watch_stream.h"
#include "service/rpc/watchers.h"
#include "service/snapshot/recent_encodings.h"
#include "service/transport/method_table.h"

namespace balance {

// Calls and answers are bytes, for the usual answer is bytes that are ready. Called on the loops of
// the transport, of which there are few: nothing here blocks, and what takes long is done
// elsewhere.
class BalanceRpc {
 public:
  static constexpr int kMaxBatchSize = 100;

  // All must outlive the server's calls. `served` holds something before the first call.
  BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer,
             LoadLimits limits = {});

  // Adds the service's methods, whose calls this must outlive.
  void AddTo(MethodTable& methods);

  // Thread-safe. `incoming` is finished before this returns or later. Who is calling, whether the
  // caller still waits and what the request says is looked at before any work is done.
  void Handle(RpcMethod method, Call& incoming);

  // What is served has been replaced: streams follow within a moment. Thread-safe.
  void OnServed() { watchers_.OnServed(); }

  // Ends all streams, spread evenly over `time`, and those that begin later within the rest of it.
  // Thread-safe.
  void DrainWatches(Duration time) { watchers_.Drain(time); }
  std::size_t watches() const { return watchers_.size(); }

 private:
  // Of a request about whole accounts.
  struct Asked {
    CheckedPolicy checked;
    EncodeView detail = EncodeView::kFull;
    SourceFilter filter;
  };

  template <typename Request>
  using Method = void (BalanceRpc::*)(const CallContext& call, const Request& request);

  void StartWatch(CallContext call);

  // Parses the request and calls the method with it.
  template <typename Request>
  void Dispatch(const CallContext& call, Method<Request> method);

  void GetAccountSnapshot(const CallContext& call, const v1::GetAccountSnapshotRequest& request);
  void GetSourceBalance(const CallContext& call, const v1::GetSourceBalanceRequest& request);
  void BatchGetAccountSnapshots(const CallContext& call,
                                const v1::BatchGetAccountSnapshotsRequest& request);
  void ListAccountSnapshots(const CallContext& call,
                            const v1::ListAccountSnapshotsRequest& request);
  void ListSources(const CallContext& call, const v1::ListSourcesRequest& request);

  // Checks the fields that the requests for whole accounts share. `otherwise`: the view of a
  // request that names none.
  template <typename Request>
  RpcResult<Asked> Check(const Request& request, EncodeView otherwise) const;

  // The answer as bytes that are ready; false if they are no answer, and the call is not finished.
  bool FinishPublished(const CallContext& call, const AccountEndpoint& endpoint,
                       const ReadBounds& bounds) const;

  RpcResult<Response> SnapshotAnswer(const CallContext& call, const Asked& asked,
                                     const Target& target, const AccountAnswer& answer);
  RpcResult<Response> BatchAnswer(const CallContext& call, const Asked& asked,
                                  const std::vector<Target>& targets,
                                  const std::vector<AccountAnswer>& answers);
  // `rest`: the fields that do not depend on the answers.
  RpcResult<Response> ListAnswer(const CallContext& call, EncodeView detail,
                                 v1::ListAccountSnapshotsResponse rest,
                                 const std::vector<Target>& targets,
                                 const std::vector<AccountAnswer>& answers);
  ServedSnapshot EncodeAnswer(const Target& target, const AccountAnswer& answer, EncodeView detail,
                              bool is_of_many);

  const Published<Served>& served_;
  const Clock& clock_;
  RpcObserver& observer_;
  RecentEncodings encodings_;
  Watchers watchers_;
  const WatchEnvironment watch_environment_{served_, clock_, observer_, encodings_, watchers_};
  // Makes the chance of each stream another one.
  std::atomic<std::uint64_t> next_watch_{
      static_cast<std::uint64_t>(clock_.WallNow().time_since_epoch().count())};
  AccountReads reads_;
};

}  // namespace balance
