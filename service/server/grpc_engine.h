#pragma once

// The second engine, seen from what may be a program without it: gRPC's library and what that loads
// take a sixth of the memory of a process at rest and much of the time of its start, so the program
// that serves by it is one of its own (see OtherProgram).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "service/grpc_engine/tls_credential_files.h"
#include "service/transport/method_table.h"
#include "service/transport/rpc_server.h"
#include "service/transport/transport_limits.h"

namespace balance {

struct RunningEngine {
  // What the server needs until its end. May be null.
  std::shared_ptr<void> log;
  std::unique_ptr<RpcServer> server;
  std::uint16_t port = 0;
};

// Listens on `listen`, host:port, and serves `methods`; in plaintext without `tls`. Fails with a
// sentence that says why the address cannot be had. Methods and clock must outlive the server.
using GrpcEngine = std::function<Result<RunningEngine>(
    const MethodTable& methods, Clock& clock, const TransportLimits& limits,
    const std::string& listen, const std::optional<TlsCredentialFiles>& tls)>;

}  // namespace balance
