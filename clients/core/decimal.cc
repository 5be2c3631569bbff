#include "clients/core/decimal.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <climits>

namespace balance {
namespace {

using Integer = boost::multiprecision::checked_int256_t;
// Wide enough for a coefficient of kMaxDigits moved by kMaxDigits places.
using WideInteger = boost::multiprecision::checked_int512_t;

constexpr std::size_t kWordBits = sizeof(std::uint16_t) * CHAR_BIT;
constexpr std::string_view kDigits = "0123456789";

// Most digits that fit into 64 bits, whichever they are.
constexpr std::size_t kSmallDigits = 19;

// The powers by which a coefficient of 64 bits may be multiplied without leaving 128 bits.
constexpr auto kSmallPowersOfTen = [] {
  std::array<std::uint64_t, kSmallDigits> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

template <typename T>
T PowerOfTen(int exponent) {
  T result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

// Removes and returns the digits that `text` begins with.
std::string_view TakeDigits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of(kDigits), text.size());
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

bool TakeOne(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

tl::unexpected<Error> NotADecimal() {
  return Fail(ErrorKind::kInvalidInput, "not a decimal number");
}

tl::unexpected<Error> TooLarge() {
  return Fail(ErrorKind::kInvalidInput, "the decimal number has too many digits");
}

}  // namespace

template <typename Integer>
Decimal::Decimal(const Integer& coefficient, int scale)
    : is_negative_(coefficient < 0), scale_(static_cast<std::uint8_t>(scale)) {
  export_bits(coefficient, magnitude_.data(), kWordBits, false);
}

template <typename Integer>
Integer Decimal::CoefficientAs() const {
  Integer coefficient;
  import_bits(coefficient, magnitude_.data(), magnitude_.data() + magnitude_.size(), kWordBits,
              false);
  if (is_negative_) coefficient = -coefficient;
  return coefficient;
}

Decimal Decimal::OfSmall(Int128 coefficient, int scale) {
  Decimal result;
  result.is_negative_ = coefficient < 0;
  result.scale_ = static_cast<std::uint8_t>(scale);
  __extension__ using Magnitude = unsigned __int128;
  auto magnitude = static_cast<Magnitude>(coefficient < 0 ? -coefficient : coefficient);
  for (std::size_t i = 0; magnitude != 0; ++i, magnitude >>= kWordBits) {
    result.magnitude_[i] = static_cast<std::uint16_t>(magnitude);
  }
  return result;
}

std::optional<std::uint64_t> Decimal::SmallMagnitude() const {
  constexpr std::size_t kSmallWords = sizeof(std::uint64_t) / sizeof(Words::value_type);
  const auto end_of_small = magnitude_.begin() + kSmallWords;
  const bool is_small =
      std::all_of(end_of_small, magnitude_.end(), [](auto word) { return word == 0; });
  if (!is_small) return std::nullopt;
  std::uint64_t small = 0;
  for (std::size_t i = kSmallWords; i > 0; --i) small = small << kWordBits | magnitude_[i - 1];
  return small;
}

std::optional<Decimal::Int128> Decimal::SmallAtScale(int scale) const {
  const auto magnitude = SmallMagnitude();
  const auto move = static_cast<std::size_t>(scale - scale_);
  if (!magnitude || move >= kSmallPowersOfTen.size()) return std::nullopt;
  const Int128 moved = Int128{*magnitude} * kSmallPowersOfTen[move];
  return is_negative_ ? -moved : moved;
}

Result<Decimal> Decimal::Parse(std::string_view text) {
  const bool negative = TakeOne(text, "-");
  const std::string_view whole = TakeDigits(text);
  if (whole.empty()) return NotADecimal();
  std::string_view fraction;
  if (TakeOne(text, ".")) {
    fraction = TakeDigits(text);
    if (fraction.empty()) return NotADecimal();
  }
  int exponent = 0;
  if (TakeOne(text, "eE")) {
    const bool negative_exponent = !text.empty() && text.front() == '-';
    TakeOne(text, "+-");
    const std::string_view digits = TakeDigits(text);
    if (digits.empty()) return NotADecimal();
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc{} || exponent > 2 * kMaxDigits) return TooLarge();
    if (negative_exponent) exponent = -exponent;
  }
  if (!text.empty()) return NotADecimal();

  std::string digits;
  digits.reserve(whole.size() + fraction.size());
  digits.append(whole).append(fraction);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  int scale = 0;
  if (fraction.size() > std::size_t{2} * kMaxDigits) return TooLarge();
  scale = static_cast<int>(fraction.size()) - exponent;
  if (scale < 0) {
    if (!digits.empty()) digits.append(static_cast<std::size_t>(-scale), '0');
    scale = 0;
  }
  if (scale > kMaxDigits || digits.size() > static_cast<std::size_t>(kMaxDigits)) return TooLarge();

  if (digits.size() <= kSmallDigits) {
    std::uint64_t magnitude = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
    return OfSmall(negative ? -Int128{magnitude} : Int128{magnitude}, scale);
  }
  Integer coefficient = 0;
  for (const char digit : digits) {
    coefficient *= 10;
    coefficient += digit - '0';
  }
  if (negative) coefficient = -coefficient;
  return Decimal(coefficient, scale);
}

std::string Decimal::MagnitudeText() const {
  if (const auto small = SmallMagnitude()) return std::to_string(*small);
  std::string digits = CoefficientAs<Integer>().str();
  if (is_negative_) digits.erase(0, 1);
  return digits;
}

std::string Decimal::ToString() const {
  std::string digits = MagnitudeText();
  const auto scale = static_cast<std::size_t>(scale_);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  if (is_negative_) digits.insert(0, 1, '-');
  return digits;
}

Result<Decimal> Decimal::Combine(const Decimal& a, const Decimal& b, bool subtract) {
  const int scale = std::max(a.scale(), b.scale());
  const auto small_a = a.SmallAtScale(scale);
  const auto small_b = b.SmallAtScale(scale);
  if (small_a && small_b) return OfSmall(*small_a + (subtract ? -*small_b : *small_b), scale);
  const WideInteger left =
      a.CoefficientAs<WideInteger>() * PowerOfTen<WideInteger>(scale - a.scale_);
  const WideInteger right =
      b.CoefficientAs<WideInteger>() * PowerOfTen<WideInteger>(scale - b.scale_);
  const WideInteger sum = subtract ? WideInteger(left - right) : WideInteger(left + right);
  static const auto kLimit = PowerOfTen<WideInteger>(kMaxDigits);
  if (sum >= kLimit || sum <= -kLimit) return TooLarge();
  return Decimal(sum, scale);
}

Result<Decimal> Decimal::Add(const Decimal& a, const Decimal& b) { return Combine(a, b, false); }

Result<Decimal> Decimal::Subtract(const Decimal& a, const Decimal& b) {
  return Combine(a, b, true);
}

std::strong_ordering Decimal::Compare(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale(), b.scale());
  const auto small_a = a.SmallAtScale(scale);
  const auto small_b = b.SmallAtScale(scale);
  if (small_a && small_b) return *small_a <=> *small_b;
  const WideInteger left =
      a.CoefficientAs<WideInteger>() * PowerOfTen<WideInteger>(scale - a.scale_);
  const WideInteger right =
      b.CoefficientAs<WideInteger>() * PowerOfTen<WideInteger>(scale - b.scale_);
  if (left < right) return std::strong_ordering::less;
  if (left > right) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

}  // namespace balance
