#pragma once

// Takes the calls of a gRPC server from its completion queues to their handlers. There are as many
// queues as cores that the process may use, each with a thread. No method is one of gRPC's callback
// API: its threads would take turns with ours at polling (tests/bench/README.md has the costs).
// Methods that do not exist are left to gRPC.

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <vector>

#include "service/rpc/balance_rpc.h"
#include "service/rpc/core_methods.h"
#include "service/rpc/health_states.h"
#include "service/rpc/unsent_answers.h"

namespace balance {

class CallServer {
 public:
  // More than these would be a larger share of a machine than such a service is worth.
  static constexpr int kMaxQueues = 4;

  // Both must outlive the calls.
  CallServer(BalanceRpc& rpc, HealthStates& health, UnsentAnswers::Limits unsent = {});
  CallServer(const CallServer&) = delete;
  CallServer& operator=(const CallServer&) = delete;
  // REQUIRES: the server that it was added to does not run any more.
  ~CallServer();

  // REQUIRES: called once, before `builder` builds. This must outlive the server.
  void AddTo(grpc::ServerBuilder& builder);

  // Calls are taken from now on. REQUIRES: called once, with the server that was built, which must
  // outlive them.
  void Start(grpc::Server& server);

  // Returns when every call has been finished, also those whose callers left as the server stopped,
  // and ends the queues. REQUIRES: the server's Shutdown() has returned; shards still run.
  void Stop();

 private:
  class Lane;

  BalanceRpc& rpc_;
  HealthStates& health_;
  UnsentAnswers unsent_;
  CoreMethods balance_service_;
  CoreMethods health_service_;
  // Of those, in the order of RpcMethod.
  std::vector<const CoreMethods::Method*> methods_;
  const CoreMethods::Method& health_check_;
  const CoreMethods::Method& health_watch_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace balance
