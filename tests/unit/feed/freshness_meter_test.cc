#include "service/feed/freshness_meter.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTtl = seconds(2);

SteadyTime At(Duration time) { return SteadyTime(seconds(1000) + time); }

class FreshnessMeterTest : public testing::Test {
 protected:
  void ExpectTimes(Duration at, Duration in_demand, Duration fresh) {
    const FreshnessTimes times = meter_.Take(At(at));
    EXPECT_EQ(times.in_demand, in_demand);
    EXPECT_EQ(times.fresh, fresh);
  }

  FreshnessMeter meter_{kTtl};
};

TEST_F(FreshnessMeterTest, ASourceThatNobodyAsksForIsNotInDemand) {
  meter_.OnReading(At(seconds(0)), At(seconds(0)));

  ExpectTimes(seconds(100), seconds(0), seconds(0));
}

TEST_F(FreshnessMeterTest, AReadIsADemandForTheTtlAndTheGrace) {
  meter_.Ask(At(seconds(0)));
  meter_.OnReading(At(milliseconds(100)), At(milliseconds(100)));

  ExpectTimes(seconds(3), seconds(3), seconds(3));
  ExpectTimes(seconds(100), seconds(4), seconds(4));
  ExpectTimes(seconds(200), seconds(0), seconds(0));
}

TEST_F(FreshnessMeterTest, AHealthySourceThatIsReadNowAndThenIsFreshAllTheTime) {
  for (const auto at : {seconds(0), seconds(3), seconds(9), seconds(100), seconds(108)}) {
    meter_.Ask(At(at));
    meter_.OnReading(At(at), At(at + milliseconds(900)));
  }

  // From 0 to 16, and 7 s each from 100 and from 108.
  ExpectTimes(seconds(200), seconds(30), seconds(30));
}

TEST_F(FreshnessMeterTest, AReadingThatCeasesToBeFreshBeforeItsTimeCountsForTheGrace) {
  for (const bool is_outdated : {false, true}) {
    FreshnessMeter meter(seconds(60));
    meter.SetWatched(seconds(60), At(seconds(0)));
    meter.OnReading(At(seconds(0)), At(seconds(0)));

    // The venue tells nothing any more, or of a change.
    meter.SetFreshFor(is_outdated ? std::nullopt : std::optional<Duration>(kTtl), At(seconds(30)));
    meter.SetWatched(kTtl, At(seconds(30)));
    EXPECT_EQ(meter.Take(At(seconds(50))).fresh, seconds(35));
    meter.OnReading(At(seconds(50)), At(seconds(50)));
    meter.SetFreshFor(seconds(60), At(seconds(50)));

    EXPECT_EQ(meter.Take(At(seconds(115))).fresh, seconds(65));
    EXPECT_EQ(meter.Take(At(seconds(120))).fresh, seconds(0));
  }
}

TEST_F(FreshnessMeterTest, ASourceThatDiesIsFreshForTheGrace) {
  meter_.SetWatched(kTtl, At(seconds(0)));
  meter_.OnReading(At(seconds(0)), At(seconds(0)));

  ExpectTimes(seconds(6), seconds(6), seconds(6));
  ExpectTimes(seconds(10), seconds(4), seconds(1));
  ExpectTimes(seconds(20), seconds(10), seconds(0));

  meter_.OnReading(At(milliseconds(20'500)), At(milliseconds(20'500)));
  ExpectTimes(seconds(21), seconds(1), milliseconds(500));
}

TEST_F(FreshnessMeterTest, ASourceThatNeverAnswersIsFreshForTheGrace) {
  meter_.Ask(At(seconds(0)));
  meter_.Ask(At(seconds(4)));

  ExpectTimes(seconds(100), seconds(11), seconds(5));
}

TEST_F(FreshnessMeterTest, ADemandEndsWithTheLastWatcher) {
  meter_.SetWatched(kTtl, At(seconds(0)));
  meter_.SetWatched(std::nullopt, At(seconds(3)));
  ExpectTimes(seconds(10), seconds(3), seconds(3));

  // But not that of those who have read.
  meter_.Ask(At(seconds(10)));
  meter_.SetWatched(kTtl, At(seconds(11)));
  meter_.SetWatched(std::nullopt, At(seconds(12)));
  ExpectTimes(seconds(20), seconds(7), seconds(5));
}

TEST_F(FreshnessMeterTest, WatchersWhoTakeOlderReadingsAreGivenThem) {
  meter_.SetWatched(seconds(60), At(seconds(0)));
  meter_.OnReading(At(seconds(0)), At(seconds(0)));
  ExpectTimes(seconds(70), seconds(70), seconds(65));

  // A faster pace than the TTL makes no stricter objective.
  meter_.SetWatched(seconds(1), At(seconds(70)));
  meter_.OnReading(At(seconds(70)), At(seconds(70)));
  ExpectTimes(seconds(80), seconds(10), seconds(7));

  meter_.SetWatched(Duration::max(), At(seconds(80)));
  ExpectTimes(seconds(90), seconds(10), seconds(10));
}

TEST_F(FreshnessMeterTest, AReadThatIsToldLateCountsFromItsTime) {
  ExpectTimes(seconds(0), seconds(0), seconds(0));
  meter_.Ask(At(milliseconds(300)));
  ExpectTimes(seconds(1), milliseconds(700), milliseconds(700));

  // Told again, or of a time that is counted already, it changes nothing.
  meter_.Ask(At(milliseconds(300)));
  ExpectTimes(seconds(2), seconds(1), seconds(1));
}

}  // namespace
}  // namespace balance
