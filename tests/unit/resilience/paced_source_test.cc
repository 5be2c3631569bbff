#include "clients/resilience/paced_source.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PacedSourceTest : public testing::Test {
 protected:
  void Fetch(Duration patience = seconds(5)) {
    const FetchContext context{clock_.SteadyNow() + patience, &progress_};
    boost::asio::co_spawn(loop_, FetchOnce(context),
                          [this](const std::exception_ptr&, std::optional<Result<Reading>> result) {
                            result_ = std::move(result);
                          });
    Run();
  }

  boost::asio::awaitable<std::optional<Result<Reading>>> FetchOnce(FetchContext context) {
    co_return co_await source_.Fetch(context);
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeUpstream upstream_{clock_};
  FetchProgress progress_;
  std::shared_ptr<Pacer> pacer_ = std::make_shared<Pacer>(RateSettings{1, 1});
  PacedSource source_{upstream_.MakeSource(), pacer_, clock_};
  std::optional<Result<Reading>> result_;
};

TEST_F(PacedSourceTest, SendsAtOnceWhenItIsItsTurn) {
  Fetch();

  EXPECT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("1");
  Run();
  EXPECT_TRUE(*result_);
}

TEST_F(PacedSourceTest, WaitsForTheTurnThatAnotherSourceOfTheCredentialTook) {
  pacer_->Take(clock_.SteadyNow());
  Fetch();
  EXPECT_EQ(upstream_.requests(), 0);
  EXPECT_FALSE(progress_.sent_at);

  clock_.Advance(seconds(1));
  Run();

  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_EQ(progress_.sent_at, clock_.SteadyNow());
  upstream_.AnswerWith("1");
  Run();
}

TEST_F(PacedSourceTest, ATurnAfterTheDeadlineIsRefusedAndNotTaken) {
  pacer_->Take(clock_.SteadyNow());
  Fetch(milliseconds(900));

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_EQ(result_->error().retry_after, seconds(1));
  EXPECT_EQ(pacer_->EarliestSend(clock_.SteadyNow()), clock_.SteadyNow() + seconds(1));
}

}  // namespace
}  // namespace balance
