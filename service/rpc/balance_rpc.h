#pragma once

// The handlers of balance.v1.BalanceService: ask who is calling, validate, answer from the
// published snapshots where they will do, else wait on the accounts' shards.

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"
// Needs balance_v1.h before it.
#include "balance/v1/balance_service.grpc.pb.h"
#include "service/rpc/read_request.h"
#include "service/rpc/rpc_observer.h"
#include "service/rpc/served.h"
#include "service/rpc/server_call.h"
#include "service/rpc/waiting_call.h"

namespace balance {

// GetAccountSnapshot is a raw method, for its usual answer is bytes that are ready. Called on
// gRPC's callback threads, of which there are few: nothing here blocks.
class BalanceRpc final : public v1::BalanceService::WithRawCallbackMethod_GetAccountSnapshot<
                             v1::BalanceService::WithCallbackMethod_GetSourceBalance<
                                 v1::BalanceService::WithCallbackMethod_BatchGetAccountSnapshots<
                                     v1::BalanceService::WithCallbackMethod_ListAccountSnapshots<
                                         v1::BalanceService::WithCallbackMethod_ListSources<
                                             v1::BalanceService::Service>>>>> {
 public:
  // For a call that comes without a deadline.
  static constexpr Duration kDefaultDeadline = std::chrono::seconds(10);
  // An answer leaves this long before the caller's deadline, or a quarter of its time if that is
  // less.
  static constexpr Duration kAnswerMargin = std::chrono::milliseconds(25);
  static constexpr int kMaxBatchSize = 100;
  static constexpr int kDefaultPageSize = 50;
  static constexpr int kMaxPageSize = 1000;

  // All must outlive the server's calls. `served` holds something before the first call.
  BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer);

  grpc::ServerUnaryReactor* GetAccountSnapshot(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetSourceBalance(grpc::CallbackServerContext* context,
                                             const v1::GetSourceBalanceRequest* request,
                                             v1::SourceBalance* response) override;
  grpc::ServerUnaryReactor* BatchGetAccountSnapshots(
      grpc::CallbackServerContext* context, const v1::BatchGetAccountSnapshotsRequest* request,
      v1::BatchGetAccountSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* ListAccountSnapshots(
      grpc::CallbackServerContext* context, const v1::ListAccountSnapshotsRequest* request,
      v1::ListAccountSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* ListSources(grpc::CallbackServerContext* context,
                                        const v1::ListSourcesRequest* request,
                                        v1::ListSourcesResponse* response) override;

 private:
  // One account of a call, checked.
  struct Target {
    const AccountEndpoint* endpoint = nullptr;
    std::shared_ptr<const AccountView> view;
    AccountRead read;
    std::vector<bool> required;
  };
  struct Filter {
    const Names* sources;
    v1::FundClass fund_class;
  };
  // Makes the response of the targets' answers.
  using Respond =
      std::function<grpc::Status(const std::vector<Target>&, const std::vector<AccountAnswer>&)>;

  Now Time() const { return {clock_.WallNow(), clock_.SteadyNow()}; }
  SteadyTime AnswerBy(const grpc::CallbackServerContext& context) const;
  // The first thing that every handler does.
  ServerCall Begin(grpc::CallbackServerContext& context, RpcMethod method, grpc::Status& status);
  grpc::Status Deny(const ServerCall& call, AccessRefusal refusal, std::string_view account) const;
  // The last thing before a call is finished.
  void End(grpc::CallbackServerContext& context, RpcMethod method, grpc::StatusCode code) const;
  grpc::ServerUnaryReactor* FinishNow(const ServerCall& call, const grpc::Status& status);

  grpc::Status FindAccount(const ServerCall& call, const std::string& name,
                           const std::string& field, const AccountEndpoint*& endpoint) const;
  // By the account's id as it stands in `name`.
  grpc::Status FindConfigured(const ServerCall& call, const std::string& account,
                              const std::string& name, const AccountEndpoint*& endpoint) const;
  grpc::Status FindSourceOf(const ServerCall& call, const std::string& name,
                            const AccountEndpoint*& endpoint, std::string& source) const;
  grpc::Status MakeTarget(const AccountEndpoint& endpoint, const Filter& filter,
                          const v1::ReadPolicy& policy, const CheckedPolicy& checked,
                          SteadyTime answer_by, Target& target) const;

  // Every name must be one of a source of at least one account.
  static grpc::Status CheckNamesOf(const Names& names, const std::vector<Target>& targets);
  static grpc::Status CheckNamesOfAll(const ServerCall& call, const Names& names);

  // Answers at once if every target can be answered from its published view, else when all have
  // answered.
  grpc::ServerUnaryReactor* Answer(const ServerCall& call, std::vector<Target> targets,
                                   Respond respond);

  // Answers with the bytes that are ready, if they are an answer.
  bool PutPublished(const AccountEndpoint& endpoint, const ReadBounds& bounds,
                    grpc::ByteBuffer& response) const;
  grpc::Status SnapshotTarget(const AccountEndpoint& endpoint,
                              const v1::GetAccountSnapshotRequest& request,
                              const CheckedPolicy& checked, SteadyTime answer_by,
                              EncodeView& detail, Target& target) const;
  grpc::Status ListTargets(const ServerCall& call, const v1::ListAccountSnapshotsRequest& request,
                           SteadyTime answer_by, std::vector<Target>& targets,
                           std::string& next_page_token) const;
  void EncodeAnswer(const Target& target, const AccountAnswer& answer, EncodeView detail,
                    v1::AccountSnapshot& out) const;

  const Published<Served>& served_;
  const Clock& clock_;
  RpcObserver& observer_;
};

}  // namespace balance
