#pragma once

// The admin HTTP server: /metrics, /healthz, /readyz, /statusz. It never touches an upstream, and
// shows neither balances nor secrets.

#include <functional>
#include <memory>
#include <string>

#include "clients/core/result.h"

namespace balance {

// Has threads of its own, which call the probes; they must be thread-safe.
class AdminServer {
 public:
  struct Probes {
    // /metrics: the Prometheus text format.
    std::function<std::string()> metrics;
    // /healthz: whether the process can still do its work, for callers to come too. May wait for a
    // second.
    std::function<bool()> healthy;
    // /readyz: whether callers should be sent here.
    std::function<bool()> ready;
    // /statusz: JSON for people.
    std::function<std::string()> status;
  };

  // Listens on `address` (host:port, port 0 for any). Fails with a sentence that names it.
  static Result<std::unique_ptr<AdminServer>> Start(const std::string& address, Probes probes);

  virtual ~AdminServer() = default;

  // The address really bound.
  virtual std::string address() const = 0;
};

}  // namespace balance
