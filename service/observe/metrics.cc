#include "service/observe/metrics.h"

#include <prometheus/text_serializer.h>

#include "proto/balance_v1.h"
#include "service/observe/logging.h"
#include "service/observe/open_metrics.h"
#include "service/observe/process_stats.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// Seconds.
const prometheus::Histogram::BucketBoundaries kRefreshBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

// Seconds: a cached read takes some millionths, one that waits for a venue as long as that.
const prometheus::Histogram::BucketBoundaries kHandlingBuckets = {
    0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

// As go-grpc-middleware writes them.
constexpr std::array<const char*, kStatusCodeCount> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

constexpr std::array<const char*, kShownStateCount> kStateNames = {"FRESH", "STALE", "NO_DATA"};
constexpr std::array<const char*, kFeedStateCount> kFeedNames = {"POLL", "PUSH", "PUSH_DOWN"};
constexpr std::array<const char*, kBreakerStateCount> kBreakerNames = {"CLOSED", "OPEN",
                                                                       "HALF_OPEN"};

}  // namespace

Metrics::Metrics(const std::vector<NamedKind>& kinds) : named_kinds_(kinds) {
  for (const NamedKind& kind : kinds) kinds_[kind.kind].name = kind.name;
  RegisterCalls();
  RegisterWatches();
  auto& reloads = prometheus::BuildCounter()
                      .Name("balance_reloads_total")
                      .Help("Reloads of the configuration and its secrets, by result.")
                      .Register(registry_);
  reloads_succeeded_ = &reloads.Add({{"result", "OK"}});
  reloads_failed_ = &reloads.Add({{"result", "REJECTED"}});
  config_refused_ = &prometheus::BuildGauge()
                         .Name("balance_config_refused")
                         .Help("1 while the configuration on the disk is refused, else 0.")
                         .Register(registry_)
                         .Add({});
  auto& denied = prometheus::BuildCounter()
                     .Name("balance_access_denied_total")
                     .Help("Calls refused because of who is calling, by reason.")
                     .Register(registry_);
  for (std::size_t refusal = 0; refusal < denied_.size(); ++refusal) {
    const std::string reason(NameOf(static_cast<AccessRefusal>(refusal)));
    denied_[refusal] = &denied.Add({{"reason", reason}});
  }
  log_lines_dropped_ = &prometheus::BuildCounter()
                            .Name("balance_log_lines_dropped_total")
                            .Help("Log lines dropped because they could not be written in time.")
                            .Register(registry_)
                            .Add({});
  RegisterCounters();
  RegisterPush();
  RegisterGauges();
  RegisterTls();
  RegisterConnections();
  RegisterTransport();
  RegisterProcess();
}

void Metrics::RegisterCalls() {
  auto& started = prometheus::BuildCounter()
                      .Name("grpc_server_started_total")
                      .Help("RPCs started on the server.")
                      .Register(registry_);
  auto& handled = prometheus::BuildCounter()
                      .Name("grpc_server_handled_total")
                      .Help("RPCs completed on the server, regardless of success or failure.")
                      .Register(registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("grpc_server_handling_seconds")
                      .Help("Time from the whole request to the answer of an RPC.")
                      .Register(registry_);
  for (std::size_t method = 0; method < methods_.size(); ++method) {
    const prometheus::Labels labels = {
        {"grpc_type", IsStreaming(static_cast<RpcMethod>(method)) ? "server_stream" : "unary"},
        {"grpc_service", kBalanceServiceName},
        {"grpc_method", kRpcMethodNames[method]}};
    methods_[method].started = &started.Add(labels);
    methods_[method].seconds = &seconds.Add(labels, kHandlingBuckets);
    for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
      auto with_code = labels;
      with_code.emplace("grpc_code", kCodeNames[code]);
      methods_[method].handled[code] = &handled.Add(with_code);
    }
  }
}

void Metrics::RegisterWatches() {
  watches_.streams = &prometheus::BuildGauge()
                          .Name("balance_watch_streams")
                          .Help("Streams of WatchAccountSnapshots that are open.")
                          .Register(registry_)
                          .Add({});
  auto& messages = prometheus::BuildCounter()
                       .Name("balance_watch_messages_total")
                       .Help("Messages written to streams of WatchAccountSnapshots, by event.")
                       .Register(registry_);
  for (std::size_t event = 0; event < watches_.messages.size(); ++event) {
    watches_.messages[event] = &messages.Add({{"event", kWatchEventNames[event]}});
  }
  watches_.skipped = &prometheus::BuildCounter()
                          .Name("balance_watch_skipped_total")
                          .Help(
                              "Changes that streams were not sent because a newer one came before "
                              "their readers took it.")
                          .Register(registry_)
                          .Add({});
  auto& ended = prometheus::BuildCounter()
                    .Name("balance_watch_ended_total")
                    .Help("Streams of WatchAccountSnapshots that have ended, by reason.")
                    .Register(registry_);
  for (std::size_t end = 0; end < watches_.ended.size(); ++end) {
    watches_.ended[end] = &ended.Add({{"reason", kWatchEndNames[end]}});
  }
  watches_.delivery_seconds =
      &prometheus::BuildHistogram()
           .Name("balance_watch_delivery_seconds")
           .Help("Time from the publication of a change until a stream has written it.")
           .Register(registry_)
           .Add({}, kHandlingBuckets);
}

void Metrics::OnWatchBegun() { watches_.streams->Increment(); }

void Metrics::OnWatchEnded(WatchEnd why) {
  watches_.ended[static_cast<std::size_t>(why)]->Increment();
  if (why != WatchEnd::kTooMany) watches_.streams->Decrement();
}

void Metrics::OnWatchMessage(WatchEvent event, std::int64_t skipped) {
  watches_.messages[static_cast<std::size_t>(event)]->Increment();
  if (skipped > 0) watches_.skipped->Increment(static_cast<double>(skipped));
}

void Metrics::OnWatchDelivered(Duration took) {
  watches_.delivery_seconds->Observe(std::chrono::duration<double>(took).count());
}

void Metrics::RegisterCounters() {
  auto& refreshes = prometheus::BuildCounter()
                        .Name("balance_refreshes_total")
                        .Help("Refreshes of a source, by result: OK or the reason of the failure.")
                        .Register(registry_);
  auto& refused = prometheus::BuildCounter()
                      .Name("balance_refreshes_refused_total")
                      .Help(
                          "Refreshes that a hold-off, a pause, an open breaker or the rate budget "
                          "kept from being sent, by the reason that callers see.")
                      .Register(registry_);
  auto& warnings = prometheus::BuildCounter()
                       .Name("balance_reading_warnings_total")
                       .Help("Readings with a warning, by its reason.")
                       .Register(registry_);
  auto& dropped = prometheus::BuildCounter()
                      .Name("balance_readings_dropped_total")
                      .Help("Readings dropped because a newer one was known.")
                      .Register(registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("balance_refresh_seconds")
                      .Help("Duration of a refresh, all its attempts included, by result.")
                      .Register(registry_);
  auto& demand = prometheus::BuildCounter()
                     .Name("balance_source_demand_seconds_total")
                     .Help(
                         "Time, summed over the sources, in which they were in demand: watched, or "
                         "read within their TTL and 5 s.")
                     .Register(registry_);
  auto& fresh = prometheus::BuildCounter()
                    .Name("balance_source_fresh_seconds_total")
                    .Help(
                        "The part of balance_source_demand_seconds_total in which the newest "
                        "reading was within its TTL and 5 s; the first 5 s of a demand count.")
                    .Register(registry_);
  for (auto& [kind, series] : kinds_) {
    const std::string& name = series.name;
    series.succeeded = &refreshes.Add({{"kind", name}, {"result", "OK"}});
    for (std::size_t error = 0; error < kErrorKindCount; ++error) {
      const std::string reason(TraitsOf(static_cast<ErrorKind>(error)).reason);
      series.failed[error] = &refreshes.Add({{"kind", name}, {"result", reason}});
      series.refused[error] = &refused.Add({{"kind", name}, {"reason", reason}});
    }
    for (std::size_t warning = 0; warning < kWarningKindCount; ++warning) {
      const std::string reason(WarningReason(static_cast<WarningKind>(warning)));
      series.warnings[warning] = &warnings.Add({{"kind", name}, {"reason", reason}});
    }
    series.dropped = &dropped.Add({{"kind", name}});
    series.demand_seconds = &demand.Add({{"kind", name}});
    series.fresh_seconds = &fresh.Add({{"kind", name}});
    series.succeeded_seconds = &seconds.Add({{"kind", name}, {"result", "OK"}}, kRefreshBuckets);
    series.failed_seconds = &seconds.Add({{"kind", name}, {"result", "FAILED"}}, kRefreshBuckets);
  }
}

void Metrics::RegisterPush() {
  auto& hints = prometheus::BuildCounter()
                    .Name("balance_push_hints_total")
                    .Help(
                        "Hints of a venue's push socket, once for each source that they reach, by "
                        "what they led to.")
                    .Register(registry_);
  auto& reconnects = prometheus::BuildCounter()
                         .Name("balance_push_reconnects_total")
                         .Help(
                             "Times that a push socket is to be connected again: how the one "
                             "before ended, or why the attempt to connect it failed.")
                         .Register(registry_);
  for (auto& [kind, series] : kinds_) {
    for (std::size_t result = 0; result < kHintResultNames.size(); ++result) {
      series.hints[result] =
          &hints.Add({{"kind", series.name}, {"result", std::string(kHintResultNames[result])}});
    }
    for (std::size_t end = 0; end < kPushEndNames.size(); ++end) {
      series.push_ends[end] =
          &reconnects.Add({{"kind", series.name}, {"reason", std::string(kPushEndNames[end])}});
    }
    for (std::size_t error = 0; error < kErrorKindCount; ++error) {
      const std::string reason(TraitsOf(static_cast<ErrorKind>(error)).reason);
      series.push_attempts_failed[error] =
          &reconnects.Add({{"kind", series.name}, {"reason", reason}});
    }
  }
}

void Metrics::RegisterGauges() {
  const auto gauge = [this](const char* name, const char* help) -> auto& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
  };
  auto& in_state = gauge("balance_sources", "Sources by the state that a cached read shows.");
  auto& feeds = gauge("balance_sources_by_feed",
                      "Sources by how their readings come about: POLL, PUSH or, while the venue "
                      "tells of no changes, PUSH_DOWN.");
  auto& failing =
      gauge("balance_sources_failing", "Sources whose latest refresh failed, by the reason.");
  auto& breakers =
      gauge("balance_sources_by_breaker_state",
            "Sources by the state of the circuit breakers of their login and host, whichever "
            "lets less through.");
  auto& held_off =
      gauge("balance_sources_held_off",
            "Sources that are not asked because their credential or the time of their requests "
            "was rejected, or there is no account.");
  auto& blocked = gauge("balance_sources_blocked",
                        "Sources that are not asked because the upstream wants a pause.");
  auto& previous = gauge("balance_sources_on_previous_credential",
                         "Sources whose new credential is rejected while the one before serves.");
  auto& clock_skew = gauge("balance_clock_skew_seconds",
                           "The upstream's clock minus ours, where the difference is greatest.");
  auto& age = gauge("balance_oldest_reading_age_seconds",
                    "Age of the oldest last good reading; sources never read are left out.");
  auto& failures = gauge("balance_consecutive_failures_max",
                         "Failed refreshes in a row of the source that has most.");
  for (auto& [kind, series] : kinds_) {
    const std::string& name = series.name;
    for (std::size_t state = 0; state < kShownStateCount; ++state) {
      series.in_state[state] = &in_state.Add({{"kind", name}, {"state", kStateNames[state]}});
    }
    for (std::size_t feed = 0; feed < kFeedStateCount; ++feed) {
      series.feeds[feed] = &feeds.Add({{"kind", name}, {"feed", kFeedNames[feed]}});
    }
    for (std::size_t error = 0; error < kErrorKindCount; ++error) {
      const std::string reason(TraitsOf(static_cast<ErrorKind>(error)).reason);
      series.failing[error] = &failing.Add({{"kind", name}, {"reason", reason}});
    }
    for (std::size_t state = 0; state < kBreakerStateCount; ++state) {
      series.breakers[state] = &breakers.Add({{"kind", name}, {"state", kBreakerNames[state]}});
    }
    series.held_off = &held_off.Add({{"kind", name}});
    series.blocked = &blocked.Add({{"kind", name}});
    series.previous_credential = &previous.Add({{"kind", name}});
    series.clock_skew = &clock_skew.Add({{"kind", name}});
    series.oldest_reading_age = &age.Add({{"kind", name}});
    series.most_failures_in_a_row = &failures.Add({{"kind", name}});
  }
}

void Metrics::RegisterTls() {
  auto& reloads = prometheus::BuildCounter()
                      .Name("balance_tls_reloads_total")
                      .Help(
                          "Changes of the TLS files, by result; the old stays in force where a "
                          "change is rejected.")
                      .Register(registry_);
  tls_reloads_succeeded_ = &reloads.Add({{"result", "OK"}});
  tls_reloads_failed_ = &reloads.Add({{"result", "REJECTED"}});
  tls_files_refused_ = &prometheus::BuildGauge()
                            .Name("balance_tls_files_refused")
                            .Help("1 while the TLS files on the disk are refused, else 0.")
                            .Register(registry_)
                            .Add({});
  tls_expiry_ = &prometheus::BuildGauge()
                     .Name("balance_tls_certificate_expiry_timestamp_seconds")
                     .Help("When the certificate that new connections get, or its chain, ends.")
                     .Register(registry_);
}

void Metrics::RegisterConnections() {
  auto& dropped = prometheus::BuildCounter()
                      .Name("balance_upstream_connections_dropped_total")
                      .Help(
                          "Connections to upstreams given up in place of carrying a request, by "
                          "reason; the request went over another one.")
                      .Register(registry_);
  for (auto& [kind, series] : kinds_) {
    for (std::size_t why = 0; why < kConnectionDropCount; ++why) {
      series.connections_dropped[why] =
          &dropped.Add({{"kind", series.name}, {"reason", std::string(kConnectionDropNames[why])}});
    }
  }
}

void Metrics::RegisterTransport() {
  const auto counter = [this](const char* name, const char* help) -> auto& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
  };
  const auto gauge = [this](const char* name, const char* help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  };
  transport_.connections_opened =
      &counter("balance_server_connections_opened_total", "Callers' connections accepted.").Add({});
  auto& ended = counter("balance_server_connections_ended_total",
                        "Callers' connections that have ended, by reason.");
  for (int end = 0; end < kConnectionEndCount; ++end) {
    const std::string reason(ToString(static_cast<ConnectionEnd>(end)));
    transport_.connections_ended[static_cast<std::size_t>(end)] = &ended.Add({{"reason", reason}});
  }
  transport_.connections_open =
      gauge("balance_server_connections", "Callers' connections that are open.");
  transport_.calls_open = gauge("balance_server_calls", "Calls of any method that are open.");
  transport_.calls_refused = &counter("balance_server_calls_refused_total",
                                      "Calls that ended before a method saw them: malformed, of "
                                      "an unknown method, too large, or refused by overload.")
                                  .Add({});
  transport_.calls_cancelled =
      &counter("balance_server_calls_cancelled_total",
               "Calls whose caller left, or whose deadline ended, before they were answered.")
           .Add({});
  transport_.calls_abandoned =
      gauge("balance_server_calls_abandoned",
            "Calls that methods still work on although their callers have left.");
  transport_.buffered_bytes =
      gauge("balance_server_buffered_bytes",
            "Requests and answers in the buffers of all connections of callers.");
}

void Metrics::RegisterProcess() {
  const auto gauge = [this](const char* name, const char* help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  };
  process_.cpu_seconds = &prometheus::BuildCounter()
                              .Name("process_cpu_seconds_total")
                              .Help("Processor time that this process has used.")
                              .Register(registry_)
                              .Add({});
  process_.resident_bytes =
      gauge("process_resident_memory_bytes", "Memory of this process that is in use.");
  process_.virtual_bytes =
      gauge("process_virtual_memory_bytes", "Addresses that this process has reserved.");
  process_.open_fds = &prometheus::BuildGauge()
                           .Name("process_open_fds")
                           .Help("File descriptors that are open.")
                           .Register(registry_);
  process_.max_fds = gauge("process_max_fds", "Most file descriptors that may be open.");
  process_.start_time_seconds =
      gauge("process_start_time_seconds", "When this process started, in seconds since 1970.");
  process_.memory_limit_bytes =
      gauge("balance_memory_limit_bytes",
            "Memory that the container may use before the kernel ends it; +Inf without a limit.");
}

void Metrics::SetProcess() {
  const ProcessStats stats = ReadProcessStats();
  process_.cpu_seconds->Increment(stats.cpu_seconds - process_.cpu_seconds->Value());
  process_.resident_bytes->Set(stats.resident_bytes);
  process_.virtual_bytes->Set(stats.virtual_bytes);
  if (stats.open_fds) process_.open_fds->Add({}).Set(*stats.open_fds);
  process_.max_fds->Set(stats.max_fds);
  process_.start_time_seconds->Set(stats.start_time_seconds);
  process_.memory_limit_bytes->Set(stats.memory_limit_bytes);
}

void Metrics::SetTransport(const TransportStats& stats) {
  const auto set = [](prometheus::Counter* counter, std::uint64_t value) {
    counter->Increment(static_cast<double>(value) - counter->Value());
  };
  const MutexLock lock(rendering_);
  set(transport_.connections_opened, stats.connections_opened);
  for (std::size_t end = 0; end < stats.connections_ended.size(); ++end) {
    set(transport_.connections_ended[end], stats.connections_ended[end]);
  }
  transport_.connections_open->Set(static_cast<double>(stats.connections_open));
  transport_.calls_open->Set(static_cast<double>(stats.calls_open));
  set(transport_.calls_refused, stats.calls_refused);
  set(transport_.calls_cancelled, stats.calls_cancelled);
  transport_.calls_abandoned->Set(static_cast<double>(stats.calls_abandoned));
  transport_.buffered_bytes->Set(static_cast<double>(stats.buffered_bytes));
}

void Metrics::OnStarted(RpcMethod method) {
  methods_[static_cast<std::size_t>(method)].started->Increment();
}

void Metrics::OnHandled(RpcMethod method, StatusCode code, Duration took) {
  MethodSeries& series = methods_[static_cast<std::size_t>(method)];
  series.handled[static_cast<std::size_t>(code)]->Increment();
  series.seconds->Observe(std::chrono::duration<double>(took).count());
}

void Metrics::OnDenied(const AccessDenial& denial) {
  denied_[static_cast<std::size_t>(denial.refusal)]->Increment();
}

void Metrics::OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) {
  KindSeries& series = kinds_.at(before.info->kind);
  const double seconds = std::chrono::duration<double>(took).count();
  (result ? series.succeeded_seconds : series.failed_seconds)->Observe(seconds);
  if (result) {
    series.succeeded->Increment();
    for (const Warning& warning : result->warnings) {
      series.warnings[static_cast<std::size_t>(warning.kind)]->Increment();
    }
  } else {
    series.failed[static_cast<std::size_t>(result.error().kind)]->Increment();
  }
}

void Metrics::OnRefusal(const SourceStatus& before, const Error& why) {
  KindSeries& series = kinds_.at(before.info->kind);
  series.refused[static_cast<std::size_t>(why.kind)]->Increment();
}

void Metrics::OnShared(const SourceStatus& before, const Result<Reading>& result) {
  KindSeries& series = kinds_.at(before.info->kind);
  if (fleet_) fleet_->OnShared(before.info->kind);
  if (!result) return;
  for (const Warning& warning : result->warnings) {
    series.warnings[static_cast<std::size_t>(warning.kind)]->Increment();
  }
}

FleetMonitor& Metrics::AddFleet() { return fleet_.emplace(registry_, named_kinds_); }

void Metrics::OnDropped(const SourceStatus& known) {
  kinds_.at(known.info->kind).dropped->Increment();
}

void Metrics::OnPushFailure(const PushStatus& before, PushEnd why, const Error& error) {
  KindSeries& series = kinds_.at(before.source->kind);
  prometheus::Counter* const counter =
      why == PushEnd::kNotConnected
          ? series.push_attempts_failed[static_cast<std::size_t>(error.kind)]
          : series.push_ends[static_cast<std::size_t>(why)];
  counter->Increment();
}

void Metrics::OnHint(const SourceInfo& source, HintResult result) {
  kinds_.at(source.kind).hints[static_cast<std::size_t>(result)]->Increment();
}

void Metrics::OnFreshness(SourceKind kind, const FreshnessTimes& times) {
  KindSeries& series = kinds_.at(kind);
  series.demand_seconds->Increment(std::chrono::duration<double>(times.in_demand).count());
  series.fresh_seconds->Increment(std::chrono::duration<double>(times.fresh).count());
}

std::size_t Metrics::CallsInProgress() const {
  // What ends meanwhile must not be counted as ended only.
  double handled = 0;
  for (const MethodSeries& method : methods_) {
    for (const prometheus::Counter* counter : method.handled) handled += counter->Value();
  }
  double started = 0;
  for (const MethodSeries& method : methods_) started += method.started->Value();
  return static_cast<std::size_t>(started - handled);
}

void Metrics::OnConnectionDropped(SourceKind kind, ConnectionDrop why) {
  // Every request of a venue has a kind.
  if (const auto found = kinds_.find(kind); found != kinds_.end()) {
    found->second.connections_dropped[static_cast<std::size_t>(why)]->Increment();
  }
}

void Metrics::OnReload(bool succeeded) {
  (succeeded ? reloads_succeeded_ : reloads_failed_)->Increment();
  config_refused_->Set(succeeded ? 0 : 1);
}

void Metrics::OnTlsReload(bool succeeded) {
  (succeeded ? tls_reloads_succeeded_ : tls_reloads_failed_)->Increment();
}

void Metrics::SetTlsFilesRefused(bool are_refused) { tls_files_refused_->Set(are_refused ? 1 : 0); }

void Metrics::SetTlsCertificateExpiry(std::chrono::sys_seconds when) {
  tls_expiry_->Add({}).Set(static_cast<double>(when.time_since_epoch().count()));
}

std::string Metrics::Render(const std::vector<SourceStatus>& sources, Now now,
                            MetricsFormat format) {
  const MutexLock lock(rendering_);
  log_lines_dropped_->Increment(static_cast<double>(DroppedLogLines()) -
                                log_lines_dropped_->Value());
  for (const auto& [kind, series] : kinds_) SetGauges(kind, sources, now);
  SetProcess();
  const std::vector<prometheus::MetricFamily> families = registry_.Collect();
  return format == MetricsFormat::kOpenMetrics ? OpenMetricsSerializer().Serialize(families)
                                               : prometheus::TextSerializer().Serialize(families);
}

void Metrics::SetGauges(SourceKind kind, const std::vector<SourceStatus>& sources, Now now) {
  const SourceCensus census = CountSources(kind, sources, now);
  KindSeries& series = kinds_.at(kind);
  for (std::size_t state = 0; state < kShownStateCount; ++state) {
    series.in_state[state]->Set(census.in_state[state]);
  }
  for (std::size_t feed = 0; feed < kFeedStateCount; ++feed) {
    series.feeds[feed]->Set(census.feeds[feed]);
  }
  for (std::size_t error = 0; error < kErrorKindCount; ++error) {
    series.failing[error]->Set(census.failing[error]);
  }
  for (std::size_t state = 0; state < kBreakerStateCount; ++state) {
    series.breakers[state]->Set(census.breakers[state]);
  }
  series.held_off->Set(census.held_off);
  series.blocked->Set(census.blocked);
  series.previous_credential->Set(census.on_previous_credential);
  series.clock_skew->Set(std::chrono::duration<double>(census.clock_skew).count());
  series.oldest_reading_age->Set(std::chrono::duration<double>(census.oldest_reading_age).count());
  series.most_failures_in_a_row->Set(census.most_failures_in_a_row);
  if (fleet_) fleet_->SetLogins(kind, census.fleet);
}

}  // namespace balance
