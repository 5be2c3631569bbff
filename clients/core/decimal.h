#pragma once

// An exact decimal number: an integer coefficient and a scale. Money never passes through a double.
// A value type; thread-compatible.

#include <boost/multiprecision/cpp_int.hpp>
#include <compare>
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
  bool IsZero() const { return coefficient_.is_zero(); }

  // Exact; the result has the larger scale of the two. Fails with kInvalidInput on overflow.
  static Result<Decimal> Add(const Decimal& a, const Decimal& b);
  static Result<Decimal> Subtract(const Decimal& a, const Decimal& b);

  // Order by value: 1.0 and 1.00 are equivalent.
  static std::strong_ordering Compare(const Decimal& a, const Decimal& b);

  // Same value and same scale.
  friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  using Integer = boost::multiprecision::checked_int256_t;

  Decimal(Integer coefficient, int scale) : coefficient_(std::move(coefficient)), scale_(scale) {}
  static Result<Decimal> Combine(const Decimal& a, const Decimal& b, bool subtract);

  Integer coefficient_ = 0;
  int scale_ = 0;
};

}  // namespace balance
