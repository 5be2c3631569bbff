#include "clients/json/rfc3339.h"

#include <algorithm>
#include <cstddef>

namespace balance {
namespace {

// Reads fixed-width fields from the front of a text; once one is missing, all further reads fail.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  // `width` digits whose value lies in [low, high].
  int Number(std::size_t width, int low, int high) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value * 10 + Digit();
    ok_ = ok_ && value >= low && value <= high;
    return value;
  }

  // One of `any_of`, which is returned.
  char Symbol(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) {
      ok_ = false;
      return '\0';
    }
    return Take();
  }

  // The digits behind a point, if there is one, as nanoseconds.
  std::chrono::nanoseconds Fraction() {
    if (!rest_.starts_with('.')) return {};
    Take();
    const std::size_t width = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    ok_ = ok_ && width >= 1 && width <= 9;
    int value = 0;
    for (std::size_t i = 0; ok_ && i < 9; ++i) value = value * 10 + (i < width ? Digit() : 0);
    return std::chrono::nanoseconds(value);
  }

  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  char Take() {
    const char front = rest_.front();
    rest_.remove_prefix(1);
    return front;
  }

  int Digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
      ok_ = false;
      return 0;
    }
    return Take() - '0';
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::chrono::minutes ReadOffset(FieldReader& reader) {
  const char sign = reader.Symbol("Zz+-");
  if (sign != '+' && sign != '-') return {};
  const std::chrono::hours hours(reader.Number(2, 0, 23));
  reader.Symbol(":");
  const std::chrono::minutes offset = hours + std::chrono::minutes(reader.Number(2, 0, 59));
  return sign == '+' ? offset : -offset;
}

}  // namespace

std::optional<WallTime> ParseRfc3339(std::string_view text) {
  FieldReader reader(text);
  const std::chrono::year year(reader.Number(4, 1678, 2261));
  reader.Symbol("-");
  const std::chrono::month month(static_cast<unsigned>(reader.Number(2, 1, 12)));
  reader.Symbol("-");
  const std::chrono::day day(static_cast<unsigned>(reader.Number(2, 1, 31)));
  reader.Symbol("Tt ");
  const std::chrono::hours hours(reader.Number(2, 0, 23));
  reader.Symbol(":");
  const std::chrono::minutes minutes(reader.Number(2, 0, 59));
  reader.Symbol(":");
  const std::chrono::seconds seconds(reader.Number(2, 0, 60));
  const std::chrono::nanoseconds fraction = reader.Fraction();
  const std::chrono::minutes offset = ReadOffset(reader);
  const std::chrono::year_month_day date(year, month, day);
  if (!reader.AtEnd() || !date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + hours + minutes + seconds + fraction - offset;
}

}  // namespace balance
