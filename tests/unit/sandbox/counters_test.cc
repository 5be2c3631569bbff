#include "tests/sandbox/counters.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;

TEST(CounterBookTest, CountsByPathKeyAndStatus) {
  FakeClock clock;
  CounterBook book(clock);

  book.OnAnswer(book.OnRequest(Get("/a"), "k", true, "s1"), 200);
  book.OnAnswer(book.OnRequest(Get("/a"), "k", false, "s2"), 401);
  book.OnRequest(Get("/b"), "m", true, "s3");

  const SideCounters counters = book.Read();
  EXPECT_EQ(counters.total.requests, 3U);
  EXPECT_EQ(counters.by_path.at("/a").requests, 2U);
  EXPECT_EQ(counters.by_key.at("k").by_status.at(401), 1U);
  EXPECT_EQ(counters.auth_failures, 1U);
  EXPECT_EQ(counters.max_in_flight, 3);
  ASSERT_EQ(counters.last_requests.size(), 3U);
  EXPECT_EQ(counters.last_requests[0].status, 200);
  EXPECT_EQ(counters.last_requests[2].status, 0);
}

TEST(CounterBookTest, KnowsAReusedSignatureEvenAfterReset) {
  FakeClock clock;
  CounterBook book(clock);
  book.OnRequest(Get("/a"), "k", true, "same");
  book.Reset();

  book.OnRequest(Get("/a"), "k", true, "same");

  EXPECT_EQ(book.Read().total.reused_signatures, 1U);
  EXPECT_TRUE(book.Read().last_requests.front().reused_signature);
}

TEST(CounterBookTest, MostInASlidingSecond) {
  FakeClock clock;
  CounterBook book(clock);
  // Three around a boundary of clock seconds, then a lone one.
  for (const int step : {900, 50, 100, 5000}) {
    clock.Advance(milliseconds(step));
    book.OnRequest(Get("/a"), "k", true, "");
  }

  EXPECT_EQ(book.Read().total.max_in_a_second, 3);
}

TEST(CounterBookTest, SecondIsHalfOpen) {
  FakeClock clock;
  CounterBook book(clock);
  book.OnRequest(Get("/a"), "k", true, "");
  clock.Advance(milliseconds(1000));
  book.OnRequest(Get("/a"), "k", true, "");

  EXPECT_EQ(book.Read().total.max_in_a_second, 1);
}

TEST(CounterBookTest, AnswerToARequestFromBeforeAResetIsNotCounted) {
  FakeClock clock;
  CounterBook book(clock);
  const auto request = book.OnRequest(Get("/a"), "k", true, "");
  book.Reset();

  book.OnAnswer(request, 200);

  EXPECT_TRUE(book.Read().total.by_status.empty());
  EXPECT_EQ(book.Read().in_flight, 1);
}

}  // namespace
}  // namespace balance::sandbox
