#include "clients/balancectl/time_text.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace balance::ctl {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = std::int64_t{10'000} * 3600;

std::optional<std::int64_t> NanosOf(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits = {
      {{"ms", 1'000'000},
       {"s", kNanosPerSecond},
       {"m", 60 * kNanosPerSecond},
       {"h", 3600 * kNanosPerSecond}}};
  for (const auto& [name, nanos] : kUnits) {
    if (name == unit) return nanos;
  }
  return std::nullopt;
}

// The digits at the front of `text`, which are taken off it; at most `most` of them.
std::string_view TakeDigits(std::string_view& text, std::size_t most) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || end > most) return {};
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

std::int64_t Number(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

std::string Pair(std::int64_t large, std::string_view large_unit, std::int64_t small,
                 std::string_view small_unit) {
  std::string text = std::to_string(large) + std::string(large_unit);
  if (small != 0) text += " " + std::to_string(small) + std::string(small_unit);
  return text;
}

nanoseconds Clamped(std::int64_t seconds, std::int32_t nanos) {
  constexpr std::int64_t kLimit = 9'200'000'000;
  return nanoseconds(std::clamp(seconds, -kLimit, kLimit) * kNanosPerSecond + nanos);
}

// Two clamped instants may be further apart than nanoseconds can count.
nanoseconds Difference(WallTime a, WallTime b) {
  const auto half = a.time_since_epoch() / 2 - b.time_since_epoch() / 2;
  constexpr nanoseconds kMost = nanoseconds::max() / 2;
  if (half >= kMost) return nanoseconds::max();
  if (half <= -kMost) return -nanoseconds::max();
  return a - b;
}

}  // namespace

std::optional<nanoseconds> ParseDuration(std::string_view text) {
  const std::string_view whole = TakeDigits(text, 12);
  if (whole.empty()) return std::nullopt;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = TakeDigits(text, 9);
    if (fraction.empty()) return std::nullopt;
  }
  const auto unit = NanosOf(text);
  if (!unit || Number(whole) > kMaxSeconds * kNanosPerSecond / *unit) return std::nullopt;
  std::int64_t nanos = Number(whole) * *unit;
  std::int64_t digit_unit = *unit;
  for (const char digit : fraction) {
    digit_unit /= 10;
    nanos += (digit - '0') * digit_unit;
  }
  return nanoseconds(nanos);
}

std::string FormatElapsed(nanoseconds elapsed) {
  // The smallest value has no positive counterpart.
  if (elapsed == nanoseconds::min()) elapsed = -nanoseconds::max();
  if (elapsed.count() < 0) return "-" + FormatElapsed(-elapsed);
  const std::int64_t tenths = elapsed.count() / (kNanosPerSecond / 10);
  const std::int64_t seconds = tenths / 10;
  if (seconds < 10) return std::to_string(seconds) + "." + std::to_string(tenths % 10) + "s";
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return Pair(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return Pair(seconds / 3600, "h", seconds / 60 % 60, "m");
  return Pair(seconds / 86400, "d", seconds / 3600 % 24, "h");
}

std::string FormatSetting(nanoseconds setting) {
  const std::int64_t millis = setting.count() / 1'000'000;
  std::string text = std::to_string(millis / 1000);
  if (millis % 1000 != 0) {
    std::string fraction = std::to_string(1000 + millis % 1000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "s";
}

nanoseconds ToNanoseconds(const google::protobuf::Duration& duration) {
  return Clamped(duration.seconds(), duration.nanos());
}

WallTime ToWallTime(const google::protobuf::Timestamp& time) {
  return WallTime(Clamped(time.seconds(), time.nanos()));
}

std::string FormatUtc(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp whole;
  whole.set_seconds(time.seconds());
  return google::protobuf::util::TimeUtil::ToString(whole);
}

std::string FormatAgo(const google::protobuf::Timestamp& time, WallTime now) {
  const nanoseconds age = Difference(now, ToWallTime(time));
  if (age <= std::chrono::milliseconds(-100)) return "in " + FormatElapsed(-age);
  return FormatElapsed(std::max(age, nanoseconds::zero())) + " ago";
}

std::string FormatLeft(const google::protobuf::Timestamp& time, WallTime now) {
  const nanoseconds left = Difference(ToWallTime(time), now);
  return left > nanoseconds::zero() ? FormatElapsed(left) : "";
}

}  // namespace balance::ctl
