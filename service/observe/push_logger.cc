#include "service/observe/push_logger.h"

#include <spdlog/fmt/fmt.h>

#include <optional>

#include "service/observe/log_event.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

void LogLeftOut(std::uint64_t lines) {
  if (lines == 0) return;
  LogAt(spdlog::level::info, LogEvent::kLinesLeftOut,
        fmt::format("push: {} more lines about other sources left out", lines),
        {{"of", "push"}, {"lines", static_cast<std::int64_t>(lines)}});
}

}  // namespace

PushLogger::PushLogger(PushMonitor& next, const Clock& clock)
    : next_(next), clock_(clock), lines_(clock.SteadyNow()) {}

PushLogger::~PushLogger() { LogLeftOut(lines_.left_out()); }

void PushLogger::OnPushUp(const PushStatus& before) {
  if (MayLog()) {
    const std::string name = SourceName(*before.source);
    Log(LogEvent::kPushUp,
        before.failures == 0
            ? fmt::format("{}: push is up", name)
            : fmt::format("{}: push is up again after {} failures", name, before.failures),
        {{"source", name}, {"failures", std::int64_t{before.failures}}});
  }
  next_.OnPushUp(before);
}

void PushLogger::OnPushFailure(const PushStatus& before, PushEnd why, const Error& error) {
  const bool is_news = before.latest_end != why || before.latest_kind != error.kind;
  if (is_news && MayLog()) {
    const std::string name = SourceName(*before.source);
    Log(LogEvent::kPushDown,
        fmt::format("{}: push is down, polled as often as the TTL asks: {}{}{}", name,
                    error.message,
                    error.log_detail.empty() ? "" : " Upstream said: ", error.log_detail),
        {{"source", name},
         {"reason", kPushEndNames[static_cast<std::size_t>(why)]},
         {"upstream_said", error.log_detail}});
  }
  next_.OnPushFailure(before, why, error);
}

void PushLogger::OnHint(const SourceInfo& source, HintResult result) {
  next_.OnHint(source, result);
}

bool PushLogger::MayLog() {
  std::optional<std::uint64_t> left_out;
  {
    const MutexLock lock(mutex_);
    left_out = lines_.Take(clock_.SteadyNow());
  }
  if (left_out) LogLeftOut(*left_out);
  return left_out.has_value();
}

}  // namespace balance
