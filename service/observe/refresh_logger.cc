#include "service/observe/refresh_logger.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "service/observe/log_event.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// Venues that check the time of a request refuse it from 30 s on.
constexpr Duration kWorthWarning = std::chrono::seconds(5);

void LogFailure(const SourceStatus& before, const Error& error) {
  if (before.failure && before.failure->error.kind == error.kind) return;
  const std::string name = SourceName(*before.info);
  const std::string_view reason = TraitsOf(error.kind).reason;
  const std::string_view trace = error.trace ? error.trace->trace_id() : "";
  const std::string_view parent = error.trace ? error.trace->parent_id() : "";
  Log(LogEvent::kRefreshFailed,
      fmt::format("{}: {}: {}{}{}{}{}{}{}", name, reason, error.message,
                  error.request_id.empty() ? "" : "; request id ", error.request_id,
                  error.log_detail.empty() ? "" : "; upstream said: ", error.log_detail,
                  trace.empty() ? "" : "; trace ", trace),
      {{"source", name},
       {"reason", reason},
       {"upstream_request_id", error.request_id},
       {"upstream_said", error.log_detail},
       {"trace_id", trace},
       {"parent_id", parent}});
}

bool Warns(const SourceStatus& source, WarningKind kind) {
  if (!source.reading) return false;
  const std::vector<Warning>& warnings = source.reading->warnings;
  return std::any_of(warnings.begin(), warnings.end(),
                     [kind](const Warning& warning) { return warning.kind == kind; });
}

void LogNewWarnings(const SourceStatus& before, const Reading& reading) {
  for (const Warning& warning : reading.warnings) {
    if (Warns(before, warning.kind)) continue;
    const std::string name = SourceName(*before.info);
    Log(LogEvent::kReadingWarning,
        fmt::format("{}: {}: {}", name, WarningReason(warning.kind), warning.detail),
        {{"source", name}, {"reason", WarningReason(warning.kind)}});
  }
}

bool IsFarOff(const PathState& path) {
  return path.clock_skew && std::chrono::abs(*path.clock_skew) >= kWorthWarning;
}

}  // namespace

RefreshLogger::RefreshLogger(RefreshObserver& next, const Clock& clock)
    : next_(next), clock_(clock), first_readings_(clock.SteadyNow()) {}

RefreshLogger::~RefreshLogger() { LogLeftOut(first_readings_.left_out()); }

void RefreshLogger::OnRefresh(const SourceStatus& before, const Result<Reading>& result,
                              Duration took) {
  LogResult(before, result);
  LogPath(before);
  next_.OnRefresh(before, result, took);
}

void RefreshLogger::OnShared(const SourceStatus& before, const Result<Reading>& result) {
  LogResult(before, result);
  next_.OnShared(before, result);
}

void RefreshLogger::LogResult(const SourceStatus& before, const Result<Reading>& result) {
  if (result) {
    if (before.failure) {
      const std::string name = SourceName(*before.info);
      const int failures = before.failure->consecutive_failures;
      Log(LogEvent::kSourceRecovered,
          fmt::format("{}: recovered after {} failed refreshes", name, failures),
          {{"source", name}, {"failures", std::int64_t{failures}}});
    } else if (!before.reading) {
      LogFirstReading(*before.info);
    }
    LogNewWarnings(before, *result);
  } else {
    LogFailure(before, result.error());
  }
}

void RefreshLogger::OnRefusal(const SourceStatus& before, const Error& why) {
  LogFailure(before, why);
  next_.OnRefusal(before, why);
}

void RefreshLogger::OnDropped(const SourceStatus& known) {
  const std::string name = SourceName(*known.info);
  Log(LogEvent::kReadingDropped,
      fmt::format("{}: dropped a reading that is older than the one known", name),
      {{"source", name}});
  next_.OnDropped(known);
}

void RefreshLogger::OnFreshness(SourceKind kind, const FreshnessTimes& times) {
  next_.OnFreshness(kind, times);
}

void RefreshLogger::KeepOnly(const std::unordered_set<std::string>& names) {
  const auto is_gone = [&names](const std::string& name) { return !names.contains(name); };
  std::vector<std::size_t> hashes;
  hashes.reserve(names.size());
  std::transform(names.begin(), names.end(), std::back_inserter(hashes), std::hash<std::string>());
  std::sort(hashes.begin(), hashes.end());
  const MutexLock lock(mutex_);
  std::erase_if(skewed_, is_gone);
  std::erase_if(on_previous_, is_gone);
  configured_ = std::move(hashes);
}

void RefreshLogger::LogFirstReading(const SourceInfo& source) {
  std::optional<std::uint64_t> left_out;
  {
    const MutexLock lock(mutex_);
    left_out = first_readings_.Take(clock_.SteadyNow());
  }
  if (!left_out) return;
  LogLeftOut(*left_out);
  const std::string name = SourceName(source);
  Log(LogEvent::kFirstReading, fmt::format("{}: first reading", name), {{"source", name}});
}

void RefreshLogger::LogLeftOut(std::uint64_t lines) {
  if (lines == 0) return;
  LogAt(
      spdlog::level::info, LogEvent::kLinesLeftOut,
      fmt::format("first readings of {} more sources left out", lines),
      {{"of", FactsOf(LogEvent::kFirstReading).name}, {"lines", static_cast<std::int64_t>(lines)}});
}

void RefreshLogger::LogPath(const SourceStatus& source) {
  if (!source.path) return;
  // Nothing here is about time passing, so any time will do.
  const PathState path = source.path->Probe(Now{});
  const MutexLock lock(mutex_);
  const bool is_news = IsFarOff(path) || path.uses_previous_credential;
  if (!is_news && skewed_.empty() && on_previous_.empty()) return;
  const std::string name = SourceName(*source.info);
  // A refresh that was under way when its source was removed.
  if (configured_ && !std::binary_search(configured_->begin(), configured_->end(),
                                         std::hash<std::string>()(name))) {
    return;
  }
  if (path.clock_skew) LogSkew(*path.clock_skew, name);
  LogPreviousCredential(path.uses_previous_credential, name);
}

void RefreshLogger::LogSkew(Duration skew, const std::string& name) {
  if (std::chrono::abs(skew) < kWorthWarning) {
    skewed_.erase(name);
  } else if (skewed_.insert(name).second) {
    const double seconds = std::chrono::duration<double>(skew).count();
    Log(LogEvent::kClockSkew,
        fmt::format("{}: the upstream's clock is {:.1f} s from ours; set this machine's clock",
                    name, seconds),
        {{"source", name}, {"seconds", seconds}});
  }
}

void RefreshLogger::LogPreviousCredential(bool is_used, const std::string& name) {
  if (!is_used) {
    on_previous_.erase(name);
  } else if (on_previous_.insert(name).second) {
    Log(LogEvent::kCredentialRejected,
        fmt::format("{}: the upstream rejects the new credential; the one before still serves: "
                    "store one that is accepted before that ends",
                    name),
        {{"source", name}});
  }
}

}  // namespace balance
