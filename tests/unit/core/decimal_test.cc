#include "clients/core/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace balance {
namespace {

Decimal D(const std::string& text) {
  const auto parsed = Decimal::Parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Decimal());
}

TEST(DecimalTest, PlainTextComesBackAsItWas) {
  for (const char* text :
       {"0", "0.10", "1482.3175", "-0.01", "310.0000", "9007199254740993.07", "24999.9999995",
        "0.00", "10000.00", "123456789012345678901234567890.123456789"}) {
    EXPECT_EQ(D(text).ToString(), text);
  }
}

TEST(DecimalTest, TheLargestKeepsEachDigitInLittleRoom) {
  static_assert(sizeof(Decimal) == 28);
  const std::string nines(Decimal::kMaxDigits, '9');
  const Decimal zero = Decimal::Add(D(nines), D("-" + nines)).value();

  EXPECT_EQ(D(nines).ToString(), nines);
  EXPECT_EQ(D("-0." + nines).ToString(), "-0." + nines);
  EXPECT_EQ(zero, Decimal());
  EXPECT_TRUE(zero.IsZero());
}

TEST(DecimalTest, ExponentsAreExpanded) {
  const struct {
    const char* text;
    const char* plain;
  } cases[] = {{"1.25e3", "1250"},     {"5E2", "500"},       {"2.5e+2", "250"},
               {"1e-7", "0.0000001"},  {"0e0", "0"},         {"1.23E+2", "123"},
               {"1.2300E2", "123.00"}, {"-4.5e-1", "-0.45"}, {"0e-3", "0.000"},
               {"0.00e5", "0"}};
  for (const auto& c : cases) EXPECT_EQ(D(c.text).ToString(), c.plain) << c.text;
}

TEST(DecimalTest, NegativeZeroHasNoSignInAnyScale) {
  for (const char* text : {"-0", "-0.0", "-0.0000", "-0e-3"}) {
    EXPECT_EQ(D(text).ToString().find('-'), std::string::npos) << text;
  }
  EXPECT_EQ(D("-0.00").ToString(), "0.00");
}

TEST(DecimalTest, LeadingZerosAreDropped) {
  EXPECT_EQ(D("0010.50").ToString(), "10.50");
  EXPECT_EQ(D("-007").ToString(), "-7");
}

TEST(DecimalTest, WhatIsNoNumberIsRefusedWithoutRepeatingIt) {
  for (const char* text : {"", "-", ".5", "5.", "+1", "1,000", "1e", "1e+", "0x10", "NaN",
                           "Infinity", " 1", "1 ", "1.2.3", "--1", "1-", "e5", "12a"}) {
    const auto parsed = Decimal::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(parsed.error().message.find("Infinity"), std::string::npos);
  }
}

TEST(DecimalTest, TooManyDigitsAreAnErrorNotAnApproximation) {
  EXPECT_TRUE(Decimal::Parse(std::string(60, '9')));
  EXPECT_FALSE(Decimal::Parse(std::string(61, '9')));
  EXPECT_TRUE(Decimal::Parse("0." + std::string(59, '0') + "1"));
  EXPECT_FALSE(Decimal::Parse("0." + std::string(60, '0') + "1"));
  for (const char* text : {"1e60", "1e400", "1e-61", "1e99999999999999999999", "1e-400"}) {
    EXPECT_FALSE(Decimal::Parse(text)) << text;
  }
  EXPECT_TRUE(Decimal::Parse("1e59"));
  EXPECT_FALSE(Decimal::Parse("0." + std::string(100000, '1')));
}

TEST(DecimalTest, SumsAreExactAndKeepTheLargerScale) {
  EXPECT_EQ(Decimal::Add(D("0.1"), D("0.2"))->ToString(), "0.3");
  EXPECT_EQ(Decimal::Add(D("1"), D("0.0001"))->ToString(), "1.0001");
  EXPECT_EQ(Decimal::Subtract(D("9688.80"), D("8612.45"))->ToString(), "1076.35");
  EXPECT_EQ(Decimal::Subtract(D("24999.9999995"), D("25123.00"))->ToString(), "-123.0000005");
  EXPECT_EQ(Decimal::Subtract(D("1.50"), D("1.5"))->ToString(), "0.00");
}

// Machine words and wide integers reckon alike where the one takes over from the other.
TEST(DecimalTest, IsExactAtTheEdgesOfMachineWords) {
  const std::string largest = "18446744073709551615";
  EXPECT_EQ(D(largest).ToString(), largest);
  EXPECT_EQ(Decimal::Add(D(largest), D("1"))->ToString(), "18446744073709551616");
  EXPECT_EQ(Decimal::Subtract(D("18446744073709551616"), D("1"))->ToString(), largest);
  EXPECT_EQ(Decimal::Subtract(D("-" + largest), D(largest))->ToString(), "-36893488147419103230");
  EXPECT_EQ(D("9999999999999999999").ToString(), "9999999999999999999");
  EXPECT_EQ(D("10000000000000000000").ToString(), "10000000000000000000");
  for (const int scale : {17, 18, 19, 20, 38, 40}) {
    const std::string smallest = "0." + std::string(static_cast<std::size_t>(scale - 1), '0') + "1";
    const auto sum = Decimal::Add(D(largest), D(smallest));
    EXPECT_EQ(sum->ToString(), largest + smallest.substr(1));
    EXPECT_EQ(Decimal::Subtract(*sum, D(largest))->ToString(), smallest);
    EXPECT_EQ(Decimal::Compare(*sum, D(largest)), std::strong_ordering::greater);
    EXPECT_EQ(Decimal::Compare(D("-" + largest), D(smallest)), std::strong_ordering::less);
  }
}

TEST(DecimalTest, OverflowOfASumIsAnError) {
  const Decimal huge = D(std::string(60, '9'));

  EXPECT_FALSE(Decimal::Add(huge, D("1")));
  EXPECT_FALSE(Decimal::Add(huge, D("0.1")));
  EXPECT_TRUE(Decimal::Subtract(huge, D("1")));
}

TEST(DecimalTest, ComparesByValueButEqualsByValueAndScale) {
  EXPECT_EQ(Decimal::Compare(D("1.0"), D("1.00")), std::strong_ordering::equal);
  EXPECT_NE(D("1.0"), D("1.00"));
  EXPECT_EQ(D("1e2"), D("100"));
  EXPECT_EQ(Decimal::Compare(D("-2"), D("1")), std::strong_ordering::less);
  EXPECT_EQ(Decimal::Compare(D("0.11"), D("0.1")), std::strong_ordering::greater);
}

// A decimal of up to 30 digits, somewhere in -9..9e29, with up to 20 of them behind the point.
Decimal Arbitrary() {
  std::string digits = std::to_string(*rc::gen::arbitrary<std::uint64_t>()) +
                       std::to_string(*rc::gen::inRange(0, 1'000'000'000));
  const auto scale = static_cast<std::size_t>(*rc::gen::inRange(0, 21));
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return D((*rc::gen::arbitrary<bool>() ? "-" : "") + digits);
}

TEST(DecimalPropertyTest, TextRoundTrips) {
  EXPECT_TRUE(rc::check([] {
    const Decimal value = Arbitrary();
    RC_ASSERT(D(value.ToString()) == value);
  }));
}

TEST(DecimalPropertyTest, SubtractingWhatWasAddedGivesTheValueBack) {
  EXPECT_TRUE(rc::check([] {
    const Decimal a = Arbitrary();
    const Decimal b = Arbitrary();
    const auto sum = Decimal::Add(a, b);
    RC_ASSERT(sum.has_value());
    RC_ASSERT(sum->scale() == std::max(a.scale(), b.scale()));
    RC_ASSERT(Decimal::Compare(*Decimal::Subtract(*sum, b), a) == std::strong_ordering::equal);
  }));
}

TEST(DecimalPropertyTest, OrderAgreesWithTheSignOfTheDifference) {
  EXPECT_TRUE(rc::check([] {
    const Decimal a = Arbitrary();
    const Decimal b = Arbitrary();
    const auto difference = Decimal::Subtract(a, b);
    RC_ASSERT(Decimal::Compare(a, b) == Decimal::Compare(*difference, Decimal()));
  }));
}

}  // namespace
}  // namespace balance
