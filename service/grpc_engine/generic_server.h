#pragma once

// The second engine: the same methods, served by gRPC's library through its public C++ API alone.
//
// For operators who must have Google's library on the port, and as the oracle of the differential
// test. It has the limits and the gaps of gRPC 1.51 (SECURITY.md): neither windows nor sockets are
// seen, so a stream has one message in gRPC's buffers; resets and header blocks without end cost
// memory that no limit covers.

#include <grpcpp/server.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "clients/core/result.h"
#include "service/grpc_engine/generic_call.h"
#include "service/grpc_engine/tls_credentials.h"
#include "service/transport/method_table.h"
#include "service/transport/rpc_server.h"
#include "service/transport/transport_limits.h"

namespace balance {

// Built, started, drained and stopped by the composition root on one thread.
class GenericServer final : public RpcServer,
                            private grpc::CallbackGenericService,
                            private GenericCallObserver {
 public:
  // The longest drain. gRPC then cancels the calls that are not over, and shows out clients who do
  // not hang up by themselves: an idle one of gRPC's may not even hear that it should.
  static constexpr std::chrono::milliseconds kMostDrain = std::chrono::seconds(6);

  // `methods` and `clock` must outlive the server. Of the limits those are used that gRPC knows.
  GenericServer(const MethodTable& methods, Clock& clock, TransportLimits limits);
  GenericServer(const GenericServer&) = delete;
  GenericServer& operator=(const GenericServer&) = delete;
  // Stops at once what still runs.
  ~GenericServer() override;

  // Listens on `address`, host:port, and serves; in plaintext without `tls`. Fails with a sentence
  // that says why the address cannot be had. Returns the port. Called once.
  Result<std::uint16_t> Start(const std::string& address,
                              const std::optional<TlsCredentialFiles>& tls);

  // --- RpcServer --------------------------------------------------------------------------------

  void Drain() override;
  void Stop() override;
  bool accepts() const override { return true; }
  // gRPC tells of calls only.
  TransportStats stats() const override;
  std::vector<ConnectionInfo> Connections(std::chrono::milliseconds) const override { return {}; }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
  void OnCallBegun(GenericCall& call) override;
  void OnCallDone(GenericCall& call) override;
  void OnCallOver() override;
  void CancelCalls();

  const MethodTable& methods_;
  Clock& clock_;
  const TransportLimits limits_;
  boost::asio::io_context loop_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
  mutable Mutex mutex_;
  ConditionVariable no_call_is_open_;
  std::size_t open_calls_ BALANCE_GUARDED_BY(mutex_) = 0;
  // Calls that gRPC is not done with.
  std::unordered_set<GenericCall*> calls_of_grpc_ BALANCE_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
  // Set once a drain has begun; ready when it has ended.
  std::future<void> drained_;
};

}  // namespace balance
