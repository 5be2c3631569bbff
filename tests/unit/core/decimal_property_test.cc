#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "clients/core/decimal.h"

namespace balance {
namespace {

using Engine = std::mt19937_64;

// RapidCheck runs a property 100 times.
constexpr int kTextsPerRun = 10'000;

// Of full range also in the first runs, in which RapidCheck keeps its numbers small.
Engine AnyRandom() {
  return Engine(*rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
}

std::size_t Below(Engine& random, std::size_t limit) { return random() % limit; }

// On one side of the point: mostly as money has, now and then so many that sums just fit.
std::size_t DigitCount(Engine& random) {
  return Below(random, Below(random, 16) == 0 ? Decimal::kMaxDigits / 2 : 9);
}

void AppendDigits(Engine& random, std::size_t count, std::string& text) {
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>('0' + Below(random, 10));
}

// As Decimal prints: no needless zero in front, no sign on a zero.
std::string PlainText(Engine& random) {
  std::string text;
  if (const std::size_t count = DigitCount(random); count == 0) {
    text += '0';
  } else {
    text += static_cast<char>('1' + Below(random, 9));
    AppendDigits(random, count - 1, text);
  }
  if (const std::size_t count = DigitCount(random); count > 0) {
    text += '.';
    AppendDigits(random, count, text);
  }
  const bool zero = text.find_first_of("123456789") == std::string::npos;
  if (!zero && Below(random, 2) == 0) text.insert(0, 1, '-');
  return text;
}

Decimal AnyDecimal() {
  Engine random = AnyRandom();
  const std::string text = PlainText(random);
  RC_LOG() << text << "\n";
  return Decimal::Parse(text).value();
}

TEST(DecimalPropertyTest, M31_AMillionTextsComeBackAsTheyWere) {
  EXPECT_TRUE(rc::check([] {
    Engine random = AnyRandom();
    for (int i = 0; i < kTextsPerRun; ++i) {
      const std::string text = PlainText(random);
      const auto parsed = Decimal::Parse(text);
      if (!parsed || parsed->ToString() != text) RC_FAIL(text);
    }
  }));
}

TEST(DecimalPropertyTest, AdditionIsAssociativeAndCommutative) {
  EXPECT_TRUE(rc::check([] {
    const Decimal a = AnyDecimal();
    const Decimal b = AnyDecimal();
    const Decimal c = AnyDecimal();
    const auto left = Decimal::Add(Decimal::Add(a, b).value(), c);
    const auto right = Decimal::Add(a, Decimal::Add(b, c).value());
    RC_ASSERT(left.value() == right.value());
    RC_ASSERT(Decimal::Add(a, b).value() == Decimal::Add(b, a).value());
  }));
}

TEST(DecimalPropertyTest, ComparisonAgreesWithSubtraction) {
  EXPECT_TRUE(rc::check([] {
    const Decimal a = AnyDecimal();
    const Decimal b = *rc::gen::arbitrary<bool>() ? AnyDecimal() : a;
    const auto order = Decimal::Compare(a, b);
    const Decimal difference = Decimal::Subtract(a, b).value();
    RC_ASSERT(std::is_eq(order) == difference.IsZero());
    RC_ASSERT(std::is_lt(order) == difference.ToString().starts_with('-'));
    RC_ASSERT(std::is_eq(order) == std::is_eq(Decimal::Compare(b, a)));
    RC_ASSERT(std::is_gt(order) == std::is_lt(Decimal::Compare(b, a)));
  }));
}

}  // namespace
}  // namespace balance
