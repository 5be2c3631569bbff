#include "service/server/grpc_log_writer.h"

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "clients/core/mutex.h"
#include "service/observe/line_budget.h"
#include "service/observe/log_event.h"

namespace balance {
namespace {

std::optional<std::uint64_t> TakeLine(const GrpcLogLine& line) {
  static Mutex mutex;
  static auto* const budgets BALANCE_PT_GUARDED_BY(mutex) =
      new std::map<std::pair<std::string, int>, LineBudget>;
  const SteadyTime now = BootClock::now();
  const MutexLock lock(mutex);
  return budgets->try_emplace({std::string(line.file), line.line}, now).first->second.Take(now);
}

spdlog::level::level_enum LevelOf(GrpcLogLevel level) {
  switch (level) {
    case GrpcLogLevel::kError:
      return spdlog::level::warn;
    case GrpcLogLevel::kInfo:
      return spdlog::level::info;
    case GrpcLogLevel::kDebug:
      return spdlog::level::debug;
  }
  return spdlog::level::warn;
}

}  // namespace

void WriteGrpcLogLine(const GrpcLogLine& line) {
  const auto left_out = TakeLine(line);
  if (!left_out) return;
  if (*left_out > 0) {
    Log(LogEvent::kLinesLeftOut,
        fmt::format("gRPC: {} more lines like the next left out", *left_out),
        {{"of", FactsOf(LogEvent::kGrpcLibrary).name},
         {"lines", static_cast<std::int64_t>(*left_out)}});
  }
  LogAt(LevelOf(line.level), LogEvent::kGrpcLibrary, fmt::format("gRPC: {}", line.text));
}

}  // namespace balance
