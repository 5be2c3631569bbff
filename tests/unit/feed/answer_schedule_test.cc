#include "service/feed/answer_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class AnswerScheduleTest : public testing::Test {
 protected:
  void Run() {
    loop_.restart();
    loop_.poll();
  }

  // Moves time in steps that are shorter than a slot.
  void Advance(Duration by) {
    for (Duration done(0); done < by; done += microseconds(500)) {
      clock_.Advance(microseconds(500));
      Run();
    }
  }

  AnswerSchedule::Place Add(Duration in) {
    const SteadyTime now = clock_.SteadyNow();
    return schedule_.Add(now, now + in, [this] {
      given_.push_back(clock_.SteadyNow());
      clock_.Advance(cost_);
      schedule_.NoteCost(cost_);
    });
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  // Time that giving an answer takes.
  Duration cost_{0};
  std::vector<SteadyTime> given_;
};

TEST_F(AnswerScheduleTest, ALoneReadHasAllOfItsTime) {
  const SteadyTime end = clock_.SteadyNow() + milliseconds(123);
  Add(milliseconds(123));
  Advance(milliseconds(200));

  EXPECT_EQ(given_, std::vector<SteadyTime>{end});
}

TEST_F(AnswerScheduleTest, M112_AThousandWithOneDeadlineAllHaveTheirAnswerByThen) {
  cost_ = AnswerSchedule::kLeastCost;
  const SteadyTime end = clock_.SteadyNow() + seconds(1);
  for (int i = 0; i < 1000; ++i) Add(seconds(1));
  while (given_.size() < 1000) Advance(milliseconds(1));

  // Each takes its time: begun at the deadline, the last would end long after it.
  EXPECT_LE(given_.back(), end + AnswerSchedule::kSlot);
  EXPECT_GE(given_.front(), end - 1100 * AnswerSchedule::kLeastCost);
}

TEST_F(AnswerScheduleTest, M112_WhereAnswersCostMoreTheyBeginEarlier) {
  cost_ = milliseconds(1);
  // What they cost is learned of those that come first.
  for (int i = 0; i < 100; ++i) schedule_.NoteCost(cost_);
  const SteadyTime end = clock_.SteadyNow() + seconds(2);
  for (int i = 0; i < 500; ++i) Add(seconds(2));
  while (given_.size() < 500) Advance(milliseconds(1));

  EXPECT_LE(given_.back(), end + AnswerSchedule::kSlot);
}

TEST_F(AnswerScheduleTest, M112_AReadKeepsHalfOfItsTimeHoweverManyThereAre) {
  const SteadyTime start = clock_.SteadyNow();
  for (int i = 0; i < 10'000; ++i) Add(milliseconds(100));
  Advance(milliseconds(200));

  ASSERT_EQ(given_.size(), 10'000U);
  EXPECT_GE(*std::min_element(given_.begin(), given_.end()), start + milliseconds(50));
}

TEST_F(AnswerScheduleTest, M112_OnALateLoopAnswersAreGivenSoMuchEarlier) {
  heartbeat_.Start();
  clock_.Advance(LoopHeartbeat::kInterval + milliseconds(40));
  Run();
  const SteadyTime end = clock_.SteadyNow() + seconds(1);
  Add(seconds(1));
  Advance(seconds(1));
  heartbeat_.Stop();

  EXPECT_EQ(given_, std::vector<SteadyTime>{end - milliseconds(40)});
}

TEST_F(AnswerScheduleTest, AReadThatIsRemovedMakesRoomAndIsNotAnswered) {
  const SteadyTime end = clock_.SteadyNow() + milliseconds(500);
  std::vector<AnswerSchedule::Place> places;
  for (int i = 0; i < 1000; ++i) places.push_back(Add(milliseconds(500)));
  for (const auto place : places) schedule_.Remove(place);
  Add(milliseconds(500));
  Advance(seconds(1));

  EXPECT_EQ(given_, std::vector<SteadyTime>{end});
}

TEST_F(AnswerScheduleTest, NothingPlannedKeepsNoLoop) {
  schedule_.Remove(Add(seconds(1)));
  Run();

  EXPECT_EQ(clock_.sleepers(), 0U);
}

}  // namespace
}  // namespace balance
