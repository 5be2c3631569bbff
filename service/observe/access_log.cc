#include "service/observe/access_log.h"

#include <spdlog/spdlog.h>

namespace balance {
namespace {

void Append(std::string& line, const char* name, std::string_view value) {
  if (value.empty()) return;
  line += fmt::format(" {}=\"", name);
  for (const char c : value) line += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  line += '"';
}

void LogLeftOut(AccessRefusal refusal, std::uint64_t lines) {
  if (lines > 0) spdlog::warn("access denied: {} {} more lines left out", NameOf(refusal), lines);
}

}  // namespace

std::string ToLogLine(const AccessDenial& denial) {
  std::string line =
      fmt::format("access denied: {} method={}", NameOf(denial.refusal), NameOf(denial.method));
  Append(line, "caller", denial.caller);
  Append(line, "certificate", denial.certificate);
  Append(line, "account", denial.account);
  Append(line, "peer", denial.peer);
  return line;
}

AccessLog::AccessLog(RpcObserver& next, const Clock& clock)
    : next_(next), clock_(clock), budgets_(kAccessRefusalCount, LineBudget(clock.SteadyNow())) {}

AccessLog::~AccessLog() {
  for (std::size_t i = 0; i < budgets_.size(); ++i) {
    LogLeftOut(static_cast<AccessRefusal>(i), budgets_[i].left_out());
  }
}

void AccessLog::OnDenied(const AccessDenial& denial) {
  next_.OnDenied(denial);
  const auto left_out = TakeLine(denial.refusal);
  if (!left_out) return;
  LogLeftOut(denial.refusal, *left_out);
  spdlog::warn("{}", ToLogLine(denial));
}

std::optional<std::uint64_t> AccessLog::TakeLine(AccessRefusal refusal) {
  const std::lock_guard lock(mutex_);
  return budgets_[static_cast<std::size_t>(refusal)].Take(clock_.SteadyNow());
}

}  // namespace balance
