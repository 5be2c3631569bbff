#include "clients/redis/reserve_budget.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReserveBudgetTest : public testing::Test {
 protected:
  static constexpr SteadyTime kStart{seconds(1000)};
  double chance_ = 0.5;
  // One request in 10 s: 0.9 of the rate is used, as everywhere.
  ReserveBudget budget_{{4.0 / 9, 1}, 0.5, 2, [this] { return chance_; }};
};

TEST_F(ReserveBudgetTest, ItBeginsAtARandomPointOfThePeriod) {
  budget_.SetCutOff(kStart, true);

  EXPECT_LT(std::chrono::abs(budget_.Earliest() - (kStart + seconds(5))), milliseconds(1));
}

TEST_F(ReserveBudgetTest, RequestsAreAPeriodApart) {
  budget_.SetCutOff(kStart, true);
  const SteadyTime first = budget_.Earliest();
  budget_.Take(first);

  EXPECT_LT(std::chrono::abs(budget_.Earliest() - (first + seconds(10))), milliseconds(1));
}

TEST_F(ReserveBudgetTest, ARedisThatComesAndGoesGivesNoMore) {
  SteadyTime now = kStart;
  int sent = 0;
  chance_ = 0;
  for (; now < kStart + seconds(100); now += milliseconds(100)) {
    budget_.SetCutOff(now, false);
    budget_.SetCutOff(now, true);
    if (budget_.Earliest() > now) continue;
    budget_.Take(now);
    ++sent;
  }

  EXPECT_LE(sent, 10);
  EXPECT_GE(sent, 9);
}

TEST_F(ReserveBudgetTest, WhoStaysCutOffKeepsItsPoint) {
  budget_.SetCutOff(kStart, true);
  const SteadyTime earliest = budget_.Earliest();
  chance_ = 0.9;

  budget_.SetCutOff(kStart + seconds(1), true);

  EXPECT_EQ(budget_.Earliest(), earliest);
}

}  // namespace
}  // namespace balance
