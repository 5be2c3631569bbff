#pragma once

// What the status page tells beside its sources: the process, what is configured, TLS, and load.
// Pure.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "service/config/config.h"
#include "service/rpc/served.h"
#include "service/server/status_facts.h"
#include "service/server/status_page.h"
#include "service/transport/transport_stats.h"

namespace balance {

// `curl` is what libcurl says of itself and of what it was built with.
StatusSection ProcessSection(const std::string& version, ServerEngine engine, WallTime started,
                             WallTime now, const std::string& curl);

// An attempt to take over a configuration.
struct LastReload {
  WallTime when;
  bool succeeded = false;
  // Settings that differ but take effect at the next start only.
  std::vector<std::string> waiting;
};

// `config` without accounts and callers, which are in `served`. Names no file of secrets.
StatusSection ConfigurationSection(const Config& config, const Served& served,
                                   const std::optional<LastReload>& reload, WallTime now);

struct TlsInForce {
  TlsSettings settings;
  std::chrono::sys_seconds expires;
  // Whether the files hold something else, which could not serve.
  bool are_files_refused = false;
};

// nullopt: plaintext.
StatusSection TlsSection(const std::optional<TlsInForce>& tls, WallTime now);

StatusSection FleetSection(const FleetPage& fleet);

StatusSection LoadSection(const TransportStats& stats, std::size_t watches,
                          const WatchLimits& limits);

}  // namespace balance
