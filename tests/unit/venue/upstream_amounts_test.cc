#include "clients/venue/upstream_amounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "clients/json/parse_json.h"

namespace balance {
namespace {

constexpr std::array<UpstreamAmount, 2> kAmounts = {{
    {"cash", &CurrencyBalance::cash, true},
    {"reserved", &CurrencyBalance::reserved},
}};

class TakeOverTest : public testing::Test {
 protected:
  bool Take(const UpstreamAmount& amount, const std::string& json) {
    return TakeOver(amount, *ParseJson(json), row_, odd_);
  }
  std::vector<Warning> Warnings() const {
    std::vector<Warning> warnings;
    odd_.AddWarnings(warnings);
    return warnings;
  }

  CurrencyBalance row_;
  OddFields odd_;
};

TEST_F(TakeOverTest, ANumberIsTheAmountAndItsNameTheBasis) {
  ASSERT_TRUE(Take(kAmounts[1], "\"1.50\""));

  ASSERT_TRUE(row_.reserved);
  EXPECT_EQ(row_.reserved->value.ToString(), "1.50");
  EXPECT_EQ(row_.reserved->origin, AmountOrigin::kReported);
  EXPECT_EQ(row_.reserved->basis, Literal("reserved"));
}

TEST_F(TakeOverTest, NullIsUnset) {
  EXPECT_TRUE(Take(kAmounts[0], "null") && Take(kAmounts[1], "null"));
  EXPECT_FALSE(row_.cash || row_.reserved);
  EXPECT_TRUE(Warnings().empty());
}

TEST_F(TakeOverTest, M94_WithoutAKeyAmountThereIsNothing) {
  EXPECT_FALSE(Take(kAmounts[0], "\"\""));
  EXPECT_TRUE(Warnings().empty());
}

TEST_F(TakeOverTest, M94_AnyOtherAmountIsLeftOutAndNamed) {
  EXPECT_TRUE(Take(kAmounts[1], R"({"value":"1"})"));
  EXPECT_FALSE(row_.reserved);
  ASSERT_EQ(Warnings().size(), 1U);
  EXPECT_EQ(Warnings()[0].kind, WarningKind::kFieldUnreadable);
  EXPECT_THAT(Warnings()[0].detail, testing::HasSubstr(": reserved."));
}

TEST(FindAmountTest, FindsByTheVenuesName) {
  EXPECT_EQ(FindAmount(kAmounts, "reserved"), &kAmounts[1]);
  EXPECT_EQ(FindAmount(kAmounts, "Reserved"), nullptr);
}

}  // namespace
}  // namespace balance
