#pragma once

// The admin HTTP server: /metrics, /healthz, /readyz, and the status at /statusz and /. It never
// touches an upstream, and shows neither balances nor secrets.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "clients/core/result.h"
#include "service/server/admin_page.h"

namespace balance {

// One thread for all connections and two that render pages, so that neither clients that say
// nothing nor a long rendering keep a probe from its answer. At the limit of connections the one
// that has waited longest without sending a whole request is closed for a new one. Each connection
// carries one request. The probes are called on these threads and must be thread-safe.
class AdminServer {
 public:
  struct Probes {
    // /metrics: the Prometheus text format. On a thread shared with the status.
    std::function<std::string()> metrics;
    // /metrics for those whose Accept header names OpenMetrics, on the same thread.
    std::function<std::string()> open_metrics;
    // /healthz: whether the process can still do its work, for callers to come too. May wait for a
    // second; on a thread of its own.
    std::function<bool()> healthy;
    // /readyz: whether callers should be sent here. On the thread of the connections: must not
    // wait.
    std::function<bool()> ready;
    // The status as JSON, at / and /statusz. On a thread shared with /metrics.
    std::function<std::string()> status;
    // The status as a page for people, to those who ask for HTML (see WantsHtml()); the query is
    // one of StatusQuery::ToString(). On the same thread.
    std::function<AdminAnswer(const std::string& query)> status_page;
  };

  struct Limits {
    std::size_t connections = 256;
    // Time from the connection to the end of the request's head.
    std::chrono::milliseconds head_timeout = std::chrono::seconds(1);
    // Time for the client to take its answer.
    std::chrono::milliseconds answer_timeout = std::chrono::seconds(10);
    // Most bytes of answers that clients have not taken yet. Above it those who have not taken
    // theirs for longest are shown out; the newest answer is sent whatever its size.
    std::size_t untaken_bytes = std::size_t{32} * 1024 * 1024;
    // No connection is closed for another one before it had so long to send its request. This also
    // bounds what clients cost who come again at once: `connections` in each such time.
    std::chrono::milliseconds least_patience = std::chrono::milliseconds(50);
  };

  // Listens on `address` (host:port, port 0 for any). Fails with a sentence that names it.
  static Result<std::unique_ptr<AdminServer>> Start(const std::string& address, Probes probes,
                                                    const Limits& limits);

  // Ends all connections, and waits for a probe that is being called.
  virtual ~AdminServer() = default;

  // The address really bound.
  virtual std::string address() const = 0;
};

}  // namespace balance
