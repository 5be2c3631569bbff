#include "clients/resilience/call_window.h"

#include <algorithm>

namespace balance {

void CallWindow::Add(SteadyTime now, bool failed) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  MoveTo(second);
  Second& present = seconds_[static_cast<std::size_t>(second) % kSeconds];
  ++present.calls;
  ++calls_;
  if (!failed) return;
  ++present.failed;
  ++failed_;
}

void CallWindow::MoveTo(std::int64_t second) {
  const auto length = static_cast<std::int64_t>(kSeconds);
  for (std::int64_t next = std::max(latest_ + 1, second - length + 1); next <= second; ++next) {
    Second& old = seconds_[static_cast<std::size_t>(next) % kSeconds];
    calls_ -= old.calls;
    failed_ -= old.failed;
    old = {};
  }
  latest_ = std::max(latest_, second);
}

}  // namespace balance
