#include "service/server/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "service/observe/line_budget.h"

namespace balance {
namespace {

std::optional<std::uint64_t> TakeLine(const gpr_log_func_args& line) {
  static std::mutex mutex;
  static auto& budgets = *new std::map<std::pair<std::string_view, int>, LineBudget>;
  const SteadyTime now = BootClock::now();
  const std::lock_guard lock(mutex);
  return budgets.try_emplace({line.file, line.line}, now).first->second.Take(now);
}

void Log(gpr_log_func_args* line) {
  const auto level = line->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                     : line->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                               : spdlog::level::debug;
  const auto left_out = TakeLine(*line);
  if (!left_out) return;
  if (*left_out > 0) spdlog::warn("gRPC: {} more lines like the next left out", *left_out);
  spdlog::log(level, "gRPC: {}", line->message);
}

}  // namespace

GrpcLog::GrpcLog() { gpr_set_log_function(&Log); }

GrpcLog::~GrpcLog() { gpr_set_log_function(nullptr); }

}  // namespace balance
