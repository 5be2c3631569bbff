#include "service/server/status_sections.h"

#include <google/protobuf/stubs/common.h>
#include <spdlog/fmt/fmt.h>

#include <boost/version.hpp>

#include "clients/core/time_text.h"
#include "service/server/status_text.h"

namespace balance {
namespace {

std::string Ago(WallTime when, WallTime now) {
  return fmt::format("{}, {} ago", UtcText(when), ShortDuration(now - when));
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

StatusSection ProcessSection(const std::string& version, ServerEngine engine, WallTime started,
                             WallTime now, const std::string& curl) {
  return {"Process",
          {{"version", version},
           {"started", Ago(started, now)},
           {"engine", engine == ServerEngine::kGrpc ? "GRPC" : "NGHTTP2"},
           {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION)},
           {"Boost", BOOST_LIB_VERSION},
           {"libcurl", curl}}};
}

StatusSection ConfigurationSection(const Config& config, const Served& served,
                                   const std::optional<LastReload>& reload, WallTime now) {
  StatusSection section{"Configuration in force", {}};
  const auto add = [&](const char* name, std::string value) {
    section.rows.emplace_back(name, std::move(value));
  };
  add("accounts", std::to_string(served.accounts.accounts().size()));
  add("sources", std::to_string(served.accounts.source_count()));
  add("callers", served.access.AreOpen() ? "everybody who can connect"
                                         : std::to_string(served.access.rules().size()));
  add("taken over", fmt::format("{} times since the start", served.generation));
  if (reload) {
    add("last attempt",
        Ago(reload->when, now) + (reload->succeeded ? "" : ": refused, all stayed as it was"));
    if (!reload->waiting.empty()) add("waits for a restart", Joined(reload->waiting));
  }
  add("listen", config.listen);
  add("admin_listen", config.admin_listen);
  add("drain_delay", ShortDuration(config.server.drain_delay));
  add("max_connection_age", ShortDuration(config.server.max_connection_age));
  add("max_answer_size", ShortBytes(static_cast<double>(served.max_answer_size)));
  add("max_connection_memory", ShortBytes(config.server.max_connection_memory));
  return section;
}

StatusSection TlsSection(const std::optional<TlsInForce>& tls, WallTime now) {
  if (!tls) return {"TLS of the gRPC port", {{"in force", "none: plaintext"}}};
  StatusSection section{"TLS of the gRPC port", {}};
  section.rows.emplace_back("certificate ends", fmt::format("{}, in {}", UtcText(tls->expires),
                                                            ShortDuration(tls->expires - now)));
  section.rows.emplace_back("files", tls->are_files_refused
                                         ? "refused: what they hold now could not serve"
                                         : "those in force");
  section.rows.emplace_back("certificate_file", tls->settings.certificate_file);
  section.rows.emplace_back("certificates of clients",
                            tls->settings.client_ca_file.empty()       ? "not asked for"
                            : tls->settings.require_client_certificate ? "REQUIRED"
                                                                       : "OPTIONAL");
  return section;
}

StatusSection FleetSection(const FleetPage& fleet) {
  StatusSection section{"Fleet", {{"this replica", fleet.replica}}};
  section.rows.emplace_back("Redis", fleet.link.is_connected     ? "connected"
                                     : fleet.link.reason.empty() ? "not connected yet"
                                                                 : "away: " + fleet.link.reason);
  if (fleet.link.clock_offset) {
    section.rows.emplace_back(
        "Redis's clock ahead of ours by",
        fmt::format("{:.3f} s", std::chrono::duration<double>(*fleet.link.clock_offset).count()));
  }
  return section;
}

StatusSection LoadSection(const TransportStats& stats, std::size_t watches,
                          const WatchLimits& limits) {
  std::uint64_t ended = 0;
  for (const std::uint64_t count : stats.connections_ended) ended += count;
  return {"Callers",
          {{"connections", fmt::format("{} open, {} opened, {} ended", stats.connections_open,
                                       stats.connections_opened, ended)},
           {"calls", fmt::format("{} open, {} cancelled, {} refused", stats.calls_open,
                                 stats.calls_cancelled, stats.calls_refused)},
           {"watches", fmt::format("{} of at most {}, {} of one caller", watches, limits.most,
                                   limits.most_of_caller)},
           {"bytes in buffers", ShortBytes(static_cast<double>(stats.buffered_bytes))}}};
}

}  // namespace balance
