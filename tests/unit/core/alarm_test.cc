#include "clients/core/alarm.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::seconds;

class AlarmTest : public testing::Test {
 protected:
  void SetIn(Duration delay, const std::string& word) {
    alarm_->Set(clock_.SteadyNow() + delay, [this, word] { rung_ += word; });
    Run();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  std::optional<Alarm> alarm_{std::in_place, loop_.get_executor(), clock_};
  std::string rung_;
};

TEST_F(AlarmTest, RingsOnceAtItsTime) {
  SetIn(seconds(2), "a");
  Advance(seconds(1));
  EXPECT_EQ(rung_, "");

  Advance(seconds(1));
  Advance(seconds(9));

  EXPECT_EQ(rung_, "a");
}

TEST_F(AlarmTest, ATimeInThePastRingsAtTheNextTurn) {
  SetIn(seconds(-1), "a");

  EXPECT_EQ(rung_, "a");
}

TEST_F(AlarmTest, SettingAnewForgetsTheOldTime) {
  SetIn(seconds(1), "old");
  SetIn(seconds(3), "new");
  Advance(seconds(2));
  EXPECT_EQ(rung_, "");

  Advance(seconds(1));

  EXPECT_EQ(rung_, "new");
}

TEST_F(AlarmTest, CancelledEvenAfterItsTimeItStaysSilent) {
  SetIn(seconds(1), "a");
  clock_.Advance(seconds(1));
  alarm_->Cancel();
  Run();

  EXPECT_EQ(rung_, "");
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(AlarmTest, DestroyedItStaysSilent) {
  SetIn(seconds(1), "a");
  alarm_.reset();
  Advance(seconds(2));

  EXPECT_EQ(rung_, "");
}

TEST_F(AlarmTest, MayBeSetAgainFromItsOwnCallback) {
  alarm_->Set(clock_.SteadyNow() + seconds(1), [this] {
    rung_ += "a";
    alarm_->Set(clock_.SteadyNow() + seconds(1), [this] { rung_ += "b"; });
  });
  Run();
  Advance(seconds(1));
  Advance(seconds(1));

  EXPECT_EQ(rung_, "ab");
}

TEST_F(AlarmTest, OneThatIsCancelledByTheLoopBeforeItHasBegunIsSilent) {
  boost::asio::post(loop_, [this] { alarm_->Cancel(); });
  alarm_->Set(clock_.SteadyNow() + seconds(1), [this] { rung_ += "a"; });
  EXPECT_NO_THROW(Run());
  Advance(seconds(2));

  EXPECT_EQ(rung_, "");
}

}  // namespace
}  // namespace balance
