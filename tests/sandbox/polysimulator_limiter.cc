#include "tests/sandbox/polysimulator_limiter.h"

#include <algorithm>
#include <utility>

namespace balance::sandbox {

std::string_view TierName(Tier tier) {
  switch (tier) {
    case Tier::kFree:
      return "free";
    case Tier::kPro:
      return "pro";
    case Tier::kProPlus:
      return "pro_plus";
    case Tier::kEnterprise:
      return "enterprise";
  }
  return "pro";
}

TierLimits LimitsOf(Tier tier) {
  switch (tier) {
    case Tier::kFree:
      return {2, 120, 1};
    case Tier::kPro:
      return {10, 600, 3};
    case Tier::kProPlus:
      return {30, 1800, 10};
    case Tier::kEnterprise:
      return {100, 6000, 50};
  }
  return {10, 600, 3};
}

LimitVerdict PolysimulatorLimiter::Take(const std::string& key, TierLimits limits, WallTime now) {
  const std::int64_t second =
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::int64_t minute = second / 60;
  Windows& windows = windows_[key];
  if (windows.second != second) windows.in_second = 0;
  if (windows.minute != minute) windows.in_minute = 0;
  windows.second = second;
  windows.minute = minute;
  ++windows.in_second;
  ++windows.in_minute;

  LimitVerdict verdict;
  verdict.remaining_second = std::max(0, limits.per_second - windows.in_second);
  verdict.remaining_minute = std::max(0, limits.per_minute - windows.in_minute);
  verdict.reset_epoch_seconds = (minute + 1) * 60;
  const bool minute_spent = windows.in_minute > limits.per_minute;
  verdict.allowed = !minute_spent && windows.in_second <= limits.per_second;
  verdict.retry_after = minute_spent ? static_cast<int>(verdict.reset_epoch_seconds - second) : 1;
  return verdict;
}

std::vector<Header> PolysimulatorLimiter::Headers(Tier tier, TierLimits limits,
                                                  const LimitVerdict& verdict) {
  const std::pair<const char*, std::string> values[] = {
      {"tier", std::string(TierName(tier))},
      {"limit", std::to_string(limits.per_minute)},
      {"limit-per-second", std::to_string(limits.per_second)},
      {"remaining", std::to_string(verdict.remaining_minute)},
      {"remaining-per-second", std::to_string(verdict.remaining_second)},
      {"reset", std::to_string(verdict.reset_epoch_seconds)}};
  std::vector<Header> headers;
  for (const char* family : {"x-ratelimit-", "x-polysim-ratelimit-"}) {
    for (const auto& [name, value] : values) {
      headers.push_back({std::string(family) + name, value});
    }
  }
  return headers;
}

}  // namespace balance::sandbox
