#pragma once

// Takes the calls of a gRPC server from its completion queues to their handlers. There are as many
// queues as cores that the process may use, each with a thread. No method is one of gRPC's callback
// API: its threads would take turns with ours at polling (tests/bench/README.md has the costs).

#include <grpcpp/server_builder.h>

#include <memory>
#include <vector>

#include "proto/balance_v1.h"
// Needs balance_v1.h before it.
#include "balance/v1/balance_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/rpc/balance_rpc.h"
#include "service/rpc/health_states.h"

namespace balance {

class CallServer {
 public:
  // More than these would be a larger share of a machine than such a service is worth.
  static constexpr int kMaxQueues = 4;

  // Both must outlive the calls.
  CallServer(BalanceRpc& rpc, HealthStates& health);
  CallServer(const CallServer&) = delete;
  CallServer& operator=(const CallServer&) = delete;
  // REQUIRES: the server that it was added to does not run any more.
  ~CallServer();

  // REQUIRES: called once, before `builder` builds. This must outlive the server.
  void AddTo(grpc::ServerBuilder& builder);

  // Calls are taken from now on. REQUIRES: the server was built.
  void Start();

  // Returns when every call has been finished, also those whose callers left as the server stopped,
  // and ends the queues. REQUIRES: the server's Shutdown() has returned; shards still run.
  void Stop();

 private:
  using RawBalance = v1::BalanceService::WithRawMethod_GetAccountSnapshot<
      v1::BalanceService::WithRawMethod_GetSourceBalance<
          v1::BalanceService::WithRawMethod_BatchGetAccountSnapshots<
              v1::BalanceService::WithRawMethod_ListAccountSnapshots<
                  v1::BalanceService::WithRawMethod_ListSources<v1::BalanceService::Service>>>>>;
  using RawHealth = grpc::health::v1::Health::WithRawMethod_Check<
      grpc::health::v1::Health::WithRawMethod_Watch<grpc::health::v1::Health::Service>>;
  class Lane;

  BalanceRpc& rpc_;
  HealthStates& health_;
  RawBalance balance_service_;
  RawHealth health_service_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace balance
