#include "clients/resilience/retry_budget.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(RetryBudgetTest, HalfOfTheTokensMayBeSpent) {
  RetryBudget budget;
  for (int i = 0; i < 4; ++i) budget.OnFailure();
  EXPECT_TRUE(budget.MayRetry());

  budget.OnFailure();

  EXPECT_FALSE(budget.MayRetry());
}

TEST(RetryBudgetTest, TenGoodAnswersEarnARetry) {
  RetryBudget budget;
  for (int i = 0; i < 5; ++i) budget.OnFailure();
  budget.OnSuccess();
  EXPECT_TRUE(budget.MayRetry());
  budget.OnFailure();
  for (int i = 0; i < 8; ++i) budget.OnSuccess();
  EXPECT_FALSE(budget.MayRetry());

  for (int i = 0; i < 2; ++i) budget.OnSuccess();

  EXPECT_TRUE(budget.MayRetry());
}

TEST(RetryBudgetTest, ALongOutageIsForgivenAfterAsManyAnswersAsAShortOne) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.OnFailure();
  for (int i = 0; i < 49; ++i) budget.OnSuccess();
  EXPECT_FALSE(budget.MayRetry());

  for (int i = 0; i < 2; ++i) budget.OnSuccess();

  EXPECT_TRUE(budget.MayRetry());
}

TEST(RetryBudgetTest, GoodTimesAreNotHoarded) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.OnSuccess();
  for (int i = 0; i < 5; ++i) budget.OnFailure();

  EXPECT_FALSE(budget.MayRetry());
}

}  // namespace
}  // namespace balance
