#include "clients/core/amount.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace balance {
namespace {

// Every account keeps dozens of both for its life.
static_assert(sizeof(Amount) <= 40);
static_assert(sizeof(OptionalAmount) == sizeof(void*));

Amount Dollars(std::string_view text) {
  return {*Decimal::Parse(text), AmountOrigin::kReported, "cash"};
}

TEST(LiteralTest, ItIsTheTextThatItWasMadeOf) {
  constexpr std::string_view kRule = "total_value-balance";

  EXPECT_EQ(Literal(kRule), kRule);
  EXPECT_EQ(Literal("cash"), Literal(std::string_view("cash")));
  EXPECT_NE(Literal("cash"), Literal("equity"));
  EXPECT_EQ(Literal(), std::string_view());
  EXPECT_EQ(Literal(std::string_view()), std::string_view());
}

TEST(OptionalAmountTest, NoneIsNotAZero) {
  const OptionalAmount none;

  EXPECT_FALSE(none);
  EXPECT_FALSE(none.has_value());
  EXPECT_EQ(none, std::nullopt);
  EXPECT_NE(none, OptionalAmount(Dollars("0")));
}

TEST(OptionalAmountTest, EqualAmountsAreEqualWhereverTheyAre) {
  const OptionalAmount one = Dollars("1.50");

  EXPECT_EQ(one, OptionalAmount(Dollars("1.50")));
  EXPECT_NE(one, OptionalAmount(Dollars("1.5")));
  EXPECT_NE(one, OptionalAmount(Dollars("2.50")));
}

TEST(OptionalAmountTest, ACopyIsAnAmountOfItsOwn) {
  OptionalAmount first = Dollars("1");
  OptionalAmount second = first;
  second->value = *Decimal::Parse("2");
  OptionalAmount third;
  third = second;
  second.reset();

  EXPECT_EQ(first, OptionalAmount(Dollars("1")));
  EXPECT_FALSE(second);
  EXPECT_EQ(third->value.ToString(), "2");
  const OptionalAmount& itself = third;
  third = itself;
  EXPECT_EQ(third->value.ToString(), "2");
  third = OptionalAmount();
  EXPECT_FALSE(third);
}

}  // namespace
}  // namespace balance
