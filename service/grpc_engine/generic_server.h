#pragma once

// The second engine: the same methods, served by gRPC's library through its public C++ API alone.
//
// For operators who must have Google's library on the port, and as the oracle of the differential
// test. It has the limits and the gaps of gRPC 1.51 (SECURITY.md): neither windows nor sockets are
// seen, so a stream has one message in gRPC's buffers; resets and header blocks without end cost
// memory that no limit covers.

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "service/grpc_engine/generic_call.h"
#include "service/transport/method_table.h"
#include "service/transport/transport_limits.h"

namespace balance {

// Built, started, drained and stopped by the composition root on one thread.
class GenericServer final : private grpc::CallbackGenericService, private GenericCallObserver {
 public:
  // `methods` and `clock` must outlive the server. Of the limits those are used that gRPC knows.
  GenericServer(const MethodTable& methods, const Clock& clock, const TransportLimits& limits);
  GenericServer(const GenericServer&) = delete;
  GenericServer& operator=(const GenericServer&) = delete;
  // Stops at once what still runs.
  ~GenericServer() override;

  // Listens on `address`, host:port, and serves. Fails with a sentence that says why the address
  // cannot be had. Returns the port. Called once.
  Result<std::uint16_t> Start(const std::string& address,
                              std::shared_ptr<grpc::ServerCredentials> credentials);

  // Ends all connections, calls in progress after `grace`, and returns when every call that a
  // handler has in its hands is finished. REQUIRES: those that finish calls still run.
  void Stop(std::chrono::milliseconds grace);

  // Of any thread. Calls that are not over.
  std::size_t open_calls() const { return open_calls_; }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
  void OnCallBegun() override { ++open_calls_; }
  void OnCallOver() override;

  const MethodTable& methods_;
  const Clock& clock_;
  const TransportLimits limits_;
  boost::asio::io_context loop_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
  std::atomic<std::size_t> open_calls_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace balance
