#pragma once

// An exact decimal number: an integer coefficient and a scale. Money never passes through a double.
// A value type of 28 bytes, for an account has dozens; thread-compatible.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/result.h"

namespace balance {

class Decimal {
 public:
  // Most digits of a coefficient, and most digits behind the point.
  static constexpr int kMaxDigits = 60;

  // Zero, scale 0.
  Decimal() = default;

  // Reads `-?digits[.digits][(e|E)[+|-]digits]`. The scale is kept as written ("1.10" has scale 2)
  // and an exponent is expanded ("1.25e3" is 1250). Fails with kInvalidInput on anything else and
  // on more than kMaxDigits digits before or behind the point; the message never repeats the text.
  static Result<Decimal> Parse(std::string_view text);

  // Plain notation, `-?digits[.digits]`, with exactly scale() digits behind the point. Zero has no
  // sign in any scale. Parse(ToString()) gives back an equal value of equal scale.
  std::string ToString() const;

  // Digits behind the point, 0 to kMaxDigits.
  int scale() const { return scale_; }
  // NOLINTNEXTLINE(readability-container-size-empty): an array of words is never empty.
  bool IsZero() const { return magnitude_ == Words(); }

  // Exact; the result has the larger scale of the two. Fails with kInvalidInput on overflow.
  static Result<Decimal> Add(const Decimal& a, const Decimal& b);
  static Result<Decimal> Subtract(const Decimal& a, const Decimal& b);

  // Order by value: 1.0 and 1.00 are equivalent.
  static std::strong_ordering Compare(const Decimal& a, const Decimal& b);

  // Same value and same scale.
  friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  // An integer below 10^kMaxDigits, which is less than 2^200; the lowest word first.
  using Words = std::array<std::uint16_t, 13>;

  // REQUIRES: |coefficient| is below 10^kMaxDigits.
  template <typename Integer>
  Decimal(const Integer& coefficient, int scale);

  // Nearly all amounts have a magnitude of 64 bits. For them machine words do what takes the
  // integers that have room for all about ten times as long.
  __extension__ using Int128 = __int128;
  static Decimal OfSmall(Int128 coefficient, int scale);
  // nullopt if it has more than 64 bits.
  std::optional<std::uint64_t> SmallMagnitude() const;
  // The coefficient that the value has in a scale that is not smaller than its own; nullopt if that
  // may leave an Int128.
  std::optional<Int128> SmallAtScale(int scale) const;

  std::string MagnitudeText() const;
  // In an integer that has room for it, to reckon with.
  template <typename Integer>
  Integer CoefficientAs() const;
  static Result<Decimal> Combine(const Decimal& a, const Decimal& b, bool subtract);

  Words magnitude_{};
  // Of the coefficient; never of zero.
  bool is_negative_ = false;
  std::uint8_t scale_ = 0;
};

}  // namespace balance
