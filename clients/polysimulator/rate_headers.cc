#include "clients/polysimulator/rate_headers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "clients/http/retry_after.h"

namespace balance::polysimulator {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kSecond = std::chrono::seconds(1);

std::optional<std::int64_t> Number(const HttpResponse& response, std::string_view name) {
  for (const std::string_view prefix : {"x-ratelimit-", "x-polysim-ratelimit-"}) {
    const std::string_view text = response.Header(std::string(prefix).append(name));
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (!text.empty() && error == std::errc{} && stop == end && value >= 0) return value;
  }
  return std::nullopt;
}

std::optional<double> Rate(const HttpResponse& response, std::string_view name) {
  const auto value = Number(response, name);
  if (!value || *value == 0) return std::nullopt;
  return static_cast<double>(*value);
}

// Time until the venue's minute ends; a whole minute if the answer does not say when.
Duration UntilReset(const HttpResponse& response) {
  const auto reset = Number(response, "reset");
  const auto date = ParseHttpDate(response.Header("Date"));
  if (!reset || !date) return kMinute;
  const std::int64_t now =
      std::chrono::floor<std::chrono::seconds>(*date).time_since_epoch().count();
  return std::chrono::seconds(std::clamp<std::int64_t>(*reset - now, 1, 60));
}

}  // namespace

RateLimits ReadRateLimits(const HttpResponse& response) {
  RateLimits limits;
  limits.per_second = Rate(response, "limit-per-second");
  limits.per_minute = Rate(response, "limit");
  if (Number(response, "remaining") == 0) {
    limits.exhausted_for = UntilReset(response);
  } else if (Number(response, "remaining-per-second") == 0) {
    limits.exhausted_for = kSecond;
  }
  return limits;
}

}  // namespace balance::polysimulator
