#include "service/config/duration_text.h"

#include <cstdint>

#include "clients/core/ascii.h"

namespace balance {
namespace {

bool AreDigits(std::string_view text, std::size_t most) {
  return text.size() <= most && IsAsciiNumber(text);
}

}  // namespace

bool IsDurationText(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (!text.ends_with('s')) return false;
  text.remove_suffix(1);
  const auto point = text.find('.');
  if (point == std::string_view::npos) return AreDigits(text, 11);
  return AreDigits(text.substr(0, point), 11) && AreDigits(text.substr(point + 1), 9);
}

std::string DurationRemedy(std::string_view text) {
  const std::string with_unit = std::string(text) + "s";
  if (IsDurationText(with_unit)) return "write it with a unit, such as " + with_unit;
  return "write it in seconds, such as 2s or 0.5s";
}

std::string PrintDuration(Duration duration) {
  const std::int64_t nanos = duration.count();
  const std::uint64_t size =
      nanos < 0 ? 0 - static_cast<std::uint64_t>(nanos) : static_cast<std::uint64_t>(nanos);
  std::string text = (nanos < 0 ? "-" : "") + std::to_string(size / 1'000'000'000);
  if (const std::uint64_t rest = size % 1'000'000'000; rest != 0) {
    std::string fraction = std::to_string(1'000'000'000 + rest).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "s";
}

}  // namespace balance
