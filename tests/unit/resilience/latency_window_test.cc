#include "clients/resilience/latency_window.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;

TEST(LatencyWindowTest, NothingIsKnownBeforeTheFirstAnswer) {
  EXPECT_FALSE(LatencyWindow().Quantile(0.5));
}

TEST(LatencyWindowTest, OneAnswerIsEveryQuantile) {
  LatencyWindow window;
  window.Add(milliseconds(7));

  for (const double q : {0.0, 0.5, 0.95, 1.0}) EXPECT_EQ(window.Quantile(q), milliseconds(7));
}

TEST(LatencyWindowTest, QuantilesDoNotDependOnTheOrder) {
  LatencyWindow window;
  for (const int ms : {50, 10, 40, 20, 30}) window.Add(milliseconds(ms));

  EXPECT_EQ(window.Quantile(0), milliseconds(10));
  EXPECT_EQ(window.Quantile(0.5), milliseconds(30));
  EXPECT_EQ(window.Quantile(0.95), milliseconds(50));
  EXPECT_EQ(window.Quantile(1), milliseconds(50));
}

TEST(LatencyWindowTest, OldAnswersAreForgotten) {
  LatencyWindow window;
  for (int i = 0; i < 100; ++i) window.Add(milliseconds(900));
  for (int i = 0; i < 32; ++i) window.Add(milliseconds(5));

  EXPECT_EQ(window.Quantile(1), milliseconds(5));
}

TEST(LatencyWindowTest, AnAnswerIsNeverTakenForAFasterOne) {
  LatencyWindow window;
  window.Add(std::chrono::nanoseconds(1'500));
  EXPECT_EQ(window.Quantile(1), std::chrono::microseconds(2));

  // However slow it was, it stays slower than an hour.
  window.Add(std::chrono::hours(24 * 365));
  EXPECT_GT(window.Quantile(1), std::chrono::hours(1));
}

TEST(LatencyWindowPropertyTest, TheStatedShareOfTheLatestAnswersDidNotExceedIt) {
  EXPECT_TRUE(rc::check([] {
    const auto all =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000)));
    const double q = *rc::gen::inRange(0, 101) / 100.0;
    LatencyWindow window;
    for (const int ms : all) window.Add(milliseconds(ms));
    const std::vector<int> latest(all.end() - std::min<std::ptrdiff_t>(std::ssize(all), 32),
                                  all.end());
    const auto quantile = *window.Quantile(q);
    const auto within = std::count_if(latest.begin(), latest.end(),
                                      [&](int ms) { return milliseconds(ms) <= quantile; });
    const auto below = std::count_if(latest.begin(), latest.end(),
                                     [&](int ms) { return milliseconds(ms) < quantile; });
    RC_ASSERT(static_cast<double>(within) + 1e-9 >= q * static_cast<double>(latest.size()));
    // It is the least such.
    RC_ASSERT(static_cast<double>(below) - 1e-9 <= q * static_cast<double>(latest.size()));
  }));
}

}  // namespace
}  // namespace balance
