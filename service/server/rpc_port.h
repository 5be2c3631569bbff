#pragma once

// The gRPC port: an engine, and TLS with files that may be replaced while it serves.

#include <memory>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "service/config/config.h"
#include "service/observe/metrics.h"
#include "service/server/file_watcher.h"
#include "service/server/grpc_engine.h"
#include "service/server/tls_files.h"
#include "service/transport/method_table.h"
#include "service/transport/rpc_server.h"

namespace balance {

// Used on one thread; its server tells the other threads. Watches the files of TLS on a thread of
// its own.
class RpcPort {
 public:
  // Of the files of TLS. Repeated for certificates that come into force, or near their end, with
  // time alone.
  static constexpr FileWatcher::Options kWatching{std::chrono::seconds(1),
                                                  std::chrono::seconds(10)};

  // Listens as `config` says and serves. Fails with a sentence that names the setting that is
  // wrong. All must outlive the port. REQUIRES: `grpc` is not null if the engine is gRPC.
  static Result<std::unique_ptr<RpcPort>> Start(const Config& config, const MethodTable& methods,
                                                Clock& clock, Metrics& metrics,
                                                const FileWatcher::Options& watching = kWatching,
                                                const GrpcEngine& grpc = nullptr);
  RpcPort(const RpcPort&) = delete;
  RpcPort& operator=(const RpcPort&) = delete;
  ~RpcPort() = default;

  RpcServer& server() { return *server_; }
  const RpcServer& server() const { return *server_; }
  int port() const { return port_; }
  // Null: plaintext.
  const TlsFiles* tls_files() const { return tls_files_.get(); }

 private:
  RpcPort() = default;

  Result<int> Listen(const Config& config, const MethodTable& methods, Clock& clock,
                     const GrpcEngine& grpc);
  Result<int> ListenByNghttp2(const Config& config, const MethodTable& methods, Clock& clock);
  Result<int> ListenByGrpc(const Config& config, const MethodTable& methods, Clock& clock,
                           const GrpcEngine& grpc);
  Result<void> LoadTls(const TlsSettings& settings, Clock& clock, Metrics& metrics);

  // Null: plaintext.
  std::unique_ptr<TlsFiles> tls_files_;
  // As they were before they were read.
  FileStates tls_states_;
  // Of an engine that is gRPC.
  std::shared_ptr<void> grpc_log_;
  std::unique_ptr<RpcServer> server_;
  int port_ = 0;
  // Tells the others, so it goes first.
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace balance
