#include "service/observe/access_log.h"

#include <spdlog/fmt/fmt.h>

#include <array>

#include "service/observe/log_event.h"

namespace balance {
namespace {

// As gRPC writes them.
constexpr std::array<std::string_view, kStatusCodeCount> kGrpcCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

std::string_view CodeName(StatusCode code) {
  return kGrpcCodeNames[static_cast<std::size_t>(code)];
}

void Append(std::string& line, const char* name, std::string_view value) {
  if (value.empty()) return;
  line += fmt::format(" {}=\"", name);
  for (const char c : value) line += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  line += '"';
}

void LogLeftOut(AccessRefusal refusal, std::uint64_t lines) {
  if (lines == 0) return;
  Log(LogEvent::kLinesLeftOut,
      fmt::format("access denied: {} {} more lines left out", NameOf(refusal), lines),
      {{"of", FactsOf(LogEvent::kAccessDenied).name},
       {"reason", NameOf(refusal)},
       {"lines", static_cast<std::int64_t>(lines)}});
}

void LogFailuresLeftOut(std::uint64_t lines) {
  if (lines == 0) return;
  LogAt(spdlog::level::info, LogEvent::kLinesLeftOut,
        fmt::format("failed calls: {} more lines left out", lines),
        {{"of", FactsOf(LogEvent::kCallFailed).name}, {"lines", static_cast<std::int64_t>(lines)}});
}

}  // namespace

std::string ToLogLine(const AccessDenial& denial) {
  std::string line =
      fmt::format("access denied: {} method={}", NameOf(denial.refusal), NameOf(denial.method));
  Append(line, "caller", denial.caller);
  Append(line, "certificate", denial.certificate);
  Append(line, "account", denial.account);
  Append(line, "peer", denial.peer);
  if (denial.trace) Append(line, "trace", denial.trace->trace_id());
  return line;
}

AccessLog::AccessLog(RpcObserver& next, const Clock& clock)
    : next_(next),
      clock_(clock),
      budgets_(kAccessRefusalCount, LineBudget(clock.SteadyNow())),
      failures_(clock.SteadyNow()) {}

AccessLog::~AccessLog() {
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    LogLeftOut(static_cast<AccessRefusal>(i), budgets_[i].left_out());
  }
  LogFailuresLeftOut(failures_.left_out());
}

void AccessLog::OnDenied(const AccessDenial& denial) {
  next_.OnDenied(denial);
  const auto left_out = TakeLine(denial.refusal);
  if (!left_out) return;
  LogLeftOut(denial.refusal, *left_out);
  const std::string_view trace = denial.trace ? denial.trace->trace_id() : "";
  const std::string_view parent = denial.trace ? denial.trace->parent_id() : "";
  Log(LogEvent::kAccessDenied, ToLogLine(denial),
      {{"reason", NameOf(denial.refusal)},
       {"method", NameOf(denial.method)},
       {"caller", denial.caller},
       {"certificate", denial.certificate},
       {"account", denial.account},
       {"peer", denial.peer},
       {"trace_id", trace},
       {"parent_id", parent}});
}

void AccessLog::OnTracedFailure(const TracedFailure& failure) {
  next_.OnTracedFailure(failure);
  const auto left_out = TakeFailureLine();
  if (!left_out) return;
  LogFailuresLeftOut(*left_out);
  std::string line =
      fmt::format("call failed: {} method={}", CodeName(failure.code), NameOf(failure.method));
  Append(line, "caller", failure.caller);
  Append(line, "trace", failure.trace.trace_id());
  Log(LogEvent::kCallFailed, line,
      {{"code", CodeName(failure.code)},
       {"method", NameOf(failure.method)},
       {"caller", failure.caller},
       {"trace_id", failure.trace.trace_id()},
       {"parent_id", failure.trace.parent_id()}});
}

std::optional<std::uint64_t> AccessLog::TakeFailureLine() {
  const MutexLock lock(mutex_);
  return failures_.Take(clock_.SteadyNow());
}

std::optional<std::uint64_t> AccessLog::TakeLine(AccessRefusal refusal) {
  const MutexLock lock(mutex_);
  return budgets_[static_cast<std::size_t>(refusal)].Take(clock_.SteadyNow());
}

}  // namespace balance
