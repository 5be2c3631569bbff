#pragma once

// What the service counts, as Prometheus metrics. Labels are enumerated words only; account and
// source ids never become labels.

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/connection_observer.h"
#include "clients/core/mutex.h"
#include "clients/core/source_info.h"
#include "clients/core/status_code.h"
#include "service/feed/source_feed.h"
#include "service/observe/fleet_metrics.h"
#include "service/observe/push_monitor.h"
#include "service/observe/source_census.h"
#include "service/rpc/rpc_observer.h"
#include "service/transport/transport_stats.h"

namespace balance {

enum class MetricsFormat : std::uint8_t {
  // The Prometheus text format, version 0.0.4.
  kText,
  kOpenMetrics,
};

// Thread-safe. Every series is resolved once, in the constructor.
class Metrics final : public RpcObserver,
                      public RefreshObserver,
                      public ConnectionObserver,
                      public PushMonitor {
 public:
  // `kinds` are those of all sources there can be.
  explicit Metrics(const std::vector<NamedKind>& kinds);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics() override = default;

  void OnStarted(RpcMethod method) override;
  void OnHandled(RpcMethod method, StatusCode code, Duration took) override;
  void OnDenied(const AccessDenial& denial) override;
  void OnWatchBegun() override;
  void OnWatchEnded(WatchEnd why) override;
  void OnWatchMessage(WatchEvent event, std::int64_t skipped) override;
  void OnWatchDelivered(Duration took) override;
  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;
  void OnRefusal(const SourceStatus& before, const Error& why) override;
  void OnShared(const SourceStatus& before, const Result<Reading>& result) override;
  void OnDropped(const SourceStatus& known) override;
  void OnFreshness(SourceKind kind, const FreshnessTimes& times) override;

  void OnPushFailure(const PushStatus& before, PushEnd why, const Error& error) override;
  void OnHint(const SourceInfo& source, HintResult result) override;

  void OnConnectionDropped(SourceKind kind, ConnectionDrop why) override;

  // There are series about the fleet from now on, which count what is told here. To be called once
  // at most, before anything else is counted.
  FleetMonitor& AddFleet();

  // Of the configuration. One that failed counts as refused until one succeeds.
  void OnReload(bool succeeded);

  // Of the files of TLS, when they have changed.
  void OnTlsReload(bool succeeded);
  // Whether those on the disk are other ones than those in force, because they could not serve.
  void SetTlsFilesRefused(bool are_refused);
  // Of what new handshakes show. Without TLS there is no such series.
  void SetTlsCertificateExpiry(std::chrono::sys_seconds when);

  // Of the gRPC port, as its engine counts.
  void SetTransport(const TransportStats& stats);

  // Started and not handled.
  std::size_t CallsInProgress() const;

  // All metrics, with the gauges as `sources`, all that there are, have it `now`.
  std::string Render(const std::vector<SourceStatus>& sources, Now now,
                     MetricsFormat format = MetricsFormat::kText);

 private:
  struct MethodSeries {
    prometheus::Counter* started = nullptr;
    std::array<prometheus::Counter*, kStatusCodeCount> handled{};
    prometheus::Histogram* seconds = nullptr;
  };
  struct TransportSeries {
    prometheus::Counter* connections_opened = nullptr;
    std::array<prometheus::Counter*, kConnectionEndCount> connections_ended{};
    prometheus::Gauge* connections_open = nullptr;
    prometheus::Gauge* calls_open = nullptr;
    prometheus::Counter* calls_refused = nullptr;
    prometheus::Counter* calls_cancelled = nullptr;
    prometheus::Gauge* calls_abandoned = nullptr;
    prometheus::Gauge* buffered_bytes = nullptr;
  };
  struct ProcessSeries {
    prometheus::Counter* cpu_seconds = nullptr;
    prometheus::Gauge* resident_bytes = nullptr;
    prometheus::Gauge* virtual_bytes = nullptr;
    // Without a series where the number is not known.
    prometheus::Family<prometheus::Gauge>* open_fds = nullptr;
    prometheus::Gauge* max_fds = nullptr;
    prometheus::Gauge* start_time_seconds = nullptr;
    prometheus::Gauge* memory_limit_bytes = nullptr;
  };
  struct WatchSeries {
    prometheus::Gauge* streams = nullptr;
    std::array<prometheus::Counter*, kWatchEventNames.size()> messages{};
    prometheus::Counter* skipped = nullptr;
    std::array<prometheus::Counter*, kWatchEndNames.size()> ended{};
    prometheus::Histogram* delivery_seconds = nullptr;
  };
  struct KindSeries {
    std::string name;
    prometheus::Counter* succeeded = nullptr;
    std::array<prometheus::Counter*, kErrorKindCount> failed{};
    std::array<prometheus::Counter*, kErrorKindCount> refused{};
    std::array<prometheus::Counter*, kWarningKindCount> warnings{};
    prometheus::Counter* dropped = nullptr;
    prometheus::Counter* demand_seconds = nullptr;
    prometheus::Counter* fresh_seconds = nullptr;
    prometheus::Histogram* succeeded_seconds = nullptr;
    prometheus::Histogram* failed_seconds = nullptr;
    std::array<prometheus::Counter*, kHintResultNames.size()> hints{};
    std::array<prometheus::Counter*, kPushEndNames.size()> push_ends{};
    std::array<prometheus::Counter*, kErrorKindCount> push_attempts_failed{};
    std::array<prometheus::Counter*, kConnectionDropCount> connections_dropped{};

    std::array<prometheus::Gauge*, kShownStateCount> in_state{};
    std::array<prometheus::Gauge*, kFeedStateCount> feeds{};
    std::array<prometheus::Gauge*, kErrorKindCount> failing{};
    std::array<prometheus::Gauge*, kBreakerStateCount> breakers{};
    prometheus::Gauge* held_off = nullptr;
    prometheus::Gauge* blocked = nullptr;
    prometheus::Gauge* previous_credential = nullptr;
    prometheus::Gauge* clock_skew = nullptr;
    prometheus::Gauge* oldest_reading_age = nullptr;
    prometheus::Gauge* most_failures_in_a_row = nullptr;
  };

  void RegisterCalls();
  void RegisterWatches();
  void RegisterCounters();
  void RegisterPush();
  void RegisterTls();
  void RegisterConnections();
  void RegisterTransport() BALANCE_REQUIRES(rendering_);
  void RegisterGauges();
  void RegisterProcess() BALANCE_REQUIRES(rendering_);
  // NOLINTNEXTLINE(readability-make-member-function-const): it changes series.
  void SetProcess() BALANCE_REQUIRES(rendering_);
  void SetGauges(SourceKind kind, const std::vector<SourceStatus>& sources, Now now)
      BALANCE_REQUIRES(rendering_);

  // As the constructor was given them.
  const std::vector<NamedKind> named_kinds_;
  prometheus::Registry registry_;
  // One scrape at a time sets the gauges. Not needed in the constructor.
  Mutex rendering_;
  std::array<MethodSeries, kRpcMethodCount> methods_;
  TransportSeries transport_ BALANCE_GUARDED_BY(rendering_);
  ProcessSeries process_ BALANCE_GUARDED_BY(rendering_);
  WatchSeries watches_;
  std::array<prometheus::Counter*, kAccessRefusalCount> denied_{};
  // Never gets another entry.
  std::map<SourceKind, KindSeries> kinds_;
  prometheus::Counter* reloads_succeeded_ = nullptr;
  prometheus::Counter* reloads_failed_ = nullptr;
  prometheus::Counter* tls_reloads_succeeded_ = nullptr;
  prometheus::Counter* tls_reloads_failed_ = nullptr;
  prometheus::Gauge* config_refused_ = nullptr;
  prometheus::Gauge* tls_files_refused_ = nullptr;
  prometheus::Family<prometheus::Gauge>* tls_expiry_ = nullptr;
  prometheus::Counter* log_lines_dropped_ BALANCE_PT_GUARDED_BY(rendering_) = nullptr;
  // Unset: this process is no part of a fleet.
  std::optional<FleetMetrics> fleet_;
};

}  // namespace balance
