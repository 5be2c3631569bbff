#pragma once

// A gRPC server over nghttp2: a listener, and loops that serve what it accepts.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/published.h"
#include "clients/core/result.h"
#include "service/transport/listener.h"
#include "service/transport/method_table.h"
#include "service/transport/rpc_server.h"
#include "service/transport/tls_context.h"
#include "service/transport/transport_limits.h"
#include "service/transport/transport_loop.h"
#include "service/transport/transport_stats.h"

namespace balance {

// Built, started, drained and stopped by the composition root on one thread. A connection stays
// with one loop, so one proxy that brings all callers over one connection uses one core.
class TransportServer final : public RpcServer {
 public:
  struct Options {
    TransportLimits limits;
    // 0: one a core that the process may use.
    int loops = 0;
  };

  // More loops than this would be a larger share of a machine than such a service is worth.
  static constexpr int kMostLoops = 4;

  // `methods` and `clock` must outlive the server.
  TransportServer(const MethodTable& methods, Clock& clock, Options options);
  TransportServer(const TransportServer&) = delete;
  TransportServer& operator=(const TransportServer&) = delete;
  // Stops at once what still runs.
  ~TransportServer() override;

  // Listens and serves. `tls` is null for plaintext. Fails with a sentence that says why the
  // address cannot be had. Returns the port. Called once.
  Result<std::uint16_t> Start(const std::string& host, std::uint16_t port,
                              std::shared_ptr<const TlsContext> tls);

  // Handshakes of connections that are accepted later use this. Thread-safe. `trust_changed`: the
  // client CAs are others, and connections whose certificates they do not vouch for are ended.
  void Replace(std::shared_ptr<const TlsContext> tls, bool trust_changed);

  // --- RpcServer --------------------------------------------------------------------------------

  // Peers get two GOAWAYs.
  void Drain() override;
  void Stop() override;
  bool accepts() const override { return listener_ && listener_->accepts(); }
  TransportStats stats() const override;
  std::vector<ConnectionInfo> Connections(std::chrono::milliseconds patience) const override;

 private:
  void OnAccept(int socket, std::string peer);
  void OnExhausted();
  TransportLoop& NextLoop();

  const TransportLimits limits_;
  TransportLoop::Shared shared_;
  std::vector<std::unique_ptr<TransportLoop>> loops_;
  std::size_t next_loop_ = 0;
  // Lives on the first loop.
  std::unique_ptr<Listener> listener_;
  Published<std::shared_ptr<const TlsContext>> tls_;
  bool is_running_ = false;
};

}  // namespace balance
