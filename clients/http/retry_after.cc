#include "clients/http/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "clients/core/ascii.h"

namespace balance {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

// The number of a fixed place of a date; nullopt unless it is all digits.
std::optional<int> NumberAt(std::string_view text, std::size_t begin, std::size_t length) {
  const std::string_view digits = text.substr(begin, length);
  if (!IsAsciiNumber(digits)) return std::nullopt;
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// `digits[.digits]` in whole seconds rounded up, at most the cap.
std::optional<Duration> ParseSeconds(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (!IsAsciiNumber(whole) || (point < text.size() && !IsAsciiNumber(fraction)))
    return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  constexpr auto kCap = std::chrono::duration_cast<seconds>(kMaxRetryAfter);
  if (error != std::errc{} || value >= kCap.count()) return kMaxRetryAfter;
  if (fraction.find_first_not_of('0') != std::string_view::npos) ++value;
  return seconds(value);
}

}  // namespace

std::optional<WallTime> ParseHttpDate(std::string_view text) {
  // Sun, 06 Nov 1994 08:49:37 GMT
  constexpr std::string_view kShape = "___, __ ___ ____ __:__:__ GMT";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != '_' && kShape[i] != text[i]) return std::nullopt;
  }
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = NumberAt(text, 5, 2);
  const auto year = NumberAt(text, 12, 4);
  const auto hour = NumberAt(text, 17, 2);
  const auto minute = NumberAt(text, 20, 2);
  const auto second = NumberAt(text, 23, 2);
  const bool has_weekday =
      std::find(kWeekdays.begin(), kWeekdays.end(), text.substr(0, 3)) != kWeekdays.end();
  if (!has_weekday || month == kMonths.end() || !day || !year || !hour || !minute || !second ||
      *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day))};
  // Years outside these would overflow nanoseconds.
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + seconds(*second));
}

std::optional<Duration> ParseRetryAfter(const HttpResponse& response) {
  const std::string_view value = response.Header("Retry-After");
  if (const auto delay = ParseSeconds(value)) return delay;
  const auto until = ParseHttpDate(value);
  const auto sent = ParseHttpDate(response.Header("Date"));
  if (!until || !sent || *until <= *sent) return std::nullopt;
  return std::min<Duration>(*until - *sent, kMaxRetryAfter);
}

}  // namespace balance
