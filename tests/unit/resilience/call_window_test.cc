#include "clients/resilience/call_window.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "clients/core/random.h"

namespace balance {
namespace {

using std::chrono::seconds;

constexpr SteadyTime kFirstCall(std::chrono::hours(1));

TEST(CallWindowTest, CallsAreForgottenTenSecondsLater) {
  CallWindow window;
  window.Add(kFirstCall, true);
  window.Add(kFirstCall + seconds(9), false);
  EXPECT_EQ(window.calls(), 2U);
  EXPECT_EQ(window.failed(), 1U);

  window.Add(kFirstCall + seconds(10), false);
  EXPECT_EQ(window.calls(), 2U);
  EXPECT_EQ(window.failed(), 0U);

  window.Add(kFirstCall + std::chrono::hours(50), true);
  EXPECT_EQ(window.calls(), 1U);
  EXPECT_EQ(window.failed(), 1U);
}

TEST(CallWindowTest, ItIsThatOfEachCallToTheSecond) {
  const std::uint64_t seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Random random = SeededRandom(seed);
  struct Call {
    std::int64_t second;
    bool failed;
  };
  std::deque<Call> calls;
  CallWindow window;
  SteadyTime now = kFirstCall;
  for (int i = 0; i < 100'000; ++i) {
    now += Duration(static_cast<Duration::rep>(random() * random() * random() * 8e9));
    const auto second = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    calls.push_back({second, random() < 0.3});
    while (calls.front().second <= second - 10) calls.pop_front();
    window.Add(now, calls.back().failed);
    std::uint32_t failed = 0;
    for (const Call& call : calls) failed += call.failed ? 1 : 0;
    ASSERT_EQ(window.calls(), calls.size());
    ASSERT_EQ(window.failed(), failed);
  }
}

}  // namespace
}  // namespace balance
