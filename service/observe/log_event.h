#pragma once

// The events of the log: their names, which stay as they are, and how one is written.

#include <spdlog/common.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "clients/core/trace_context.h"

namespace balance {

// docs/logs.md tells what each means, and a test holds it against this list.
enum class LogEvent : std::uint8_t {
  kServing,
  kStartFailed,
  kPortsFileFailed,
  kDraining,
  kStopping,
  kStopped,
  kStopForced,
  kStopHung,
  kConfigWarning,
  kReloaded,
  kReloadFailed,
  kReloadImpossible,
  kRestartNeeded,
  kTlsFilesTakenOver,
  kTlsFilesRefused,
  kTlsFilesRestored,
  kTlsCertificateEnding,
  kFirstReading,
  kRefreshFailed,
  kSourceRecovered,
  kReadingWarning,
  kReadingDropped,
  kClockSkew,
  kCredentialRejected,
  kPushUp,
  kPushDown,
  kFleetJoined,
  kFleetConnected,
  kFleetAway,
  kFleetClockOffset,
  kFleetClockSet,
  kFleetBadValue,
  kAccessDenied,
  kCallFailed,
  kGrpcLibrary,
  kLinesLeftOut,
};

struct LogEventFacts {
  LogEvent event;
  // The value of `event` in a line of JSON.
  std::string_view name;
  // Of all its lines, but for kGrpcLibrary and kLinesLeftOut: see LogAt().
  spdlog::level::level_enum level;
};

inline constexpr std::array<LogEventFacts, 36> kLogEvents = {{
    {LogEvent::kServing, "serving", spdlog::level::info},
    {LogEvent::kStartFailed, "start_failed", spdlog::level::critical},
    {LogEvent::kPortsFileFailed, "ports_file_failed", spdlog::level::err},
    {LogEvent::kDraining, "draining", spdlog::level::info},
    {LogEvent::kStopping, "stopping", spdlog::level::info},
    {LogEvent::kStopped, "stopped", spdlog::level::info},
    {LogEvent::kStopForced, "stop_forced", spdlog::level::warn},
    {LogEvent::kStopHung, "stop_hung", spdlog::level::critical},
    {LogEvent::kConfigWarning, "config_warning", spdlog::level::warn},
    {LogEvent::kReloaded, "reloaded", spdlog::level::info},
    {LogEvent::kReloadFailed, "reload_failed", spdlog::level::err},
    {LogEvent::kReloadImpossible, "reload_impossible", spdlog::level::warn},
    {LogEvent::kRestartNeeded, "restart_needed", spdlog::level::warn},
    {LogEvent::kTlsFilesTakenOver, "tls_files_taken_over", spdlog::level::info},
    {LogEvent::kTlsFilesRefused, "tls_files_refused", spdlog::level::err},
    {LogEvent::kTlsFilesRestored, "tls_files_restored", spdlog::level::info},
    {LogEvent::kTlsCertificateEnding, "tls_certificate_ending", spdlog::level::warn},
    {LogEvent::kFirstReading, "first_reading", spdlog::level::info},
    {LogEvent::kRefreshFailed, "refresh_failed", spdlog::level::warn},
    {LogEvent::kSourceRecovered, "source_recovered", spdlog::level::info},
    {LogEvent::kReadingWarning, "reading_warning", spdlog::level::warn},
    {LogEvent::kReadingDropped, "reading_dropped", spdlog::level::warn},
    {LogEvent::kClockSkew, "clock_skew", spdlog::level::warn},
    {LogEvent::kCredentialRejected, "credential_rejected", spdlog::level::err},
    {LogEvent::kPushUp, "push_up", spdlog::level::info},
    {LogEvent::kPushDown, "push_down", spdlog::level::warn},
    {LogEvent::kFleetJoined, "fleet_joined", spdlog::level::info},
    {LogEvent::kFleetConnected, "fleet_connected", spdlog::level::info},
    {LogEvent::kFleetAway, "fleet_away", spdlog::level::warn},
    {LogEvent::kFleetClockOffset, "fleet_clock_offset", spdlog::level::warn},
    {LogEvent::kFleetClockSet, "fleet_clock_set", spdlog::level::warn},
    {LogEvent::kFleetBadValue, "fleet_bad_value", spdlog::level::err},
    {LogEvent::kAccessDenied, "access_denied", spdlog::level::warn},
    {LogEvent::kCallFailed, "call_failed", spdlog::level::info},
    {LogEvent::kGrpcLibrary, "grpc_library", spdlog::level::warn},
    {LogEvent::kLinesLeftOut, "lines_left_out", spdlog::level::warn},
}};

constexpr const LogEventFacts& FactsOf(LogEvent event) {
  return kLogEvents[static_cast<std::size_t>(event)];
}

// One fact of an event. What is empty is left out of the line.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

enum class LogLineFormat : std::uint8_t {
  // `text` alone.
  kText,
  // The event, `text` as its message, and the fields in their order, as the rest of a JSON object
  // that the writer of the log begins.
  kJson,
};

// How lines are written from now on. Thread-safe.
void SetLogLineFormat(LogLineFormat format);

// Writes one line through spdlog's default logger. `text` says all of it to people; the fields say
// the same to programs. Thread-safe, and never waits for the log to be written.
void Log(LogEvent event, std::string_view text, std::initializer_list<LogField> fields = {});

// The same at another level than the event's own.
void LogAt(spdlog::level::level_enum level, LogEvent event, std::string_view text,
           std::initializer_list<LogField> fields = {});

// The rest of the JSON object, from `"event"` to its brace. One line of valid UTF-8, whatever is in
// the texts: bytes that are none become U+FFFD. Pure.
std::string JsonLineRest(LogEvent event, std::string_view text,
                         std::initializer_list<LogField> fields);

}  // namespace balance
