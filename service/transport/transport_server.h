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
#include "service/transport/tls_context.h"
#include "service/transport/transport_limits.h"
#include "service/transport/transport_loop.h"
#include "service/transport/transport_stats.h"

namespace balance {

// Built, started, drained and stopped by the composition root on one thread. A connection stays
// with one loop, so one proxy that brings all callers over one connection uses one core.
class TransportServer {
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
  ~TransportServer();

  // Listens and serves. `tls` is null for plaintext. Fails with a sentence that says why the
  // address cannot be had. Returns the port. Called once.
  Result<std::uint16_t> Start(const std::string& host, std::uint16_t port,
                              std::shared_ptr<const TlsContext> tls);

  // Handshakes of connections that are accepted later use this. Thread-safe. `trust_changed`: the
  // client CAs are others, and connections whose certificates they do not vouch for are ended.
  void Replace(std::shared_ptr<const TlsContext> tls, bool trust_changed);

  // Accepts nothing more and tells all peers to end their connections (two GOAWAYs); calls in
  // progress go on, as do those that were on their way.
  void Drain();

  // Ends all connections, and returns when every call that a handler has in its hands is finished:
  // handlers whose callers have left still run. REQUIRES: those that finish calls still run.
  void Stop();

  // --- Of any thread ----------------------------------------------------------------------------

  // Whether connections that come are accepted, as far as is known.
  bool accepts() const { return listener_ && listener_->accepts(); }
  TransportStats stats() const;
  // As the loops see them now; waits for each of them, `patience` at most, and leaves out those
  // that do not answer. Not from a loop's thread.
  std::vector<ConnectionInfo> Connections(std::chrono::milliseconds patience) const;

 private:
  void OnAccept(int socket, std::string peer);
  void OnExhausted();
  TransportLoop& NextLoop();

  const TransportLimits limits_;
  const std::size_t most_connections_;
  TransportLoop::Shared shared_;
  std::vector<std::unique_ptr<TransportLoop>> loops_;
  std::size_t next_loop_ = 0;
  // Lives on the first loop.
  std::unique_ptr<Listener> listener_;
  Published<std::shared_ptr<const TlsContext>> tls_;
  bool is_running_ = false;
};

}  // namespace balance
