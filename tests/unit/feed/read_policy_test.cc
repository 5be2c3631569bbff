#include "service/feed/read_policy.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CacheSettings kCache{seconds(2), seconds(5), seconds(60), milliseconds(500)};

class ReadPolicyTest : public testing::Test {
 protected:
  ReadPolicyTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = kCache;
    status_.info = info;
  }

  Now Time() const { return {clock_.WallNow(), clock_.SteadyNow()}; }

  void GiveReading(Duration age) {
    status_.reading = std::make_shared<const Reading>(
        MakeReading("1.50", clock_.WallNow() - age, clock_.SteadyNow() - age));
  }

  void GiveFailure(ErrorKind kind, Duration ago = seconds(10)) {
    auto failure = std::make_shared<SourceFailure>();
    failure->error.kind = kind;
    status_.last_attempt = clock_.SteadyNow() - ago;
    failure->next_attempt = *status_.last_attempt + status_.info->cache.min_refresh_interval;
    status_.failure = failure;
    status_.is_rejected = !TraitsOf(kind).heals;
  }

  ReadAction Decision(const ReadBounds& bounds = {}) { return Decide(status_, bounds, Time()); }

  SourceView Shown(const ReadBounds& bounds = {}, Waited waited = Waited::kNot) {
    return Show(status_, bounds, waited, Time(), Time());
  }

  FakeClock clock_;
  SourceStatus status_;
};

// What forbids requests as a test sets it.
class FakePath final : public PathProbe {
 public:
  PathState Probe(Now) const override {
    PathState state;
    state.is_forbidden = is_forbidden;
    return state;
  }

  bool is_forbidden = true;
};

TEST_F(ReadPolicyTest, AFailureStandsForTheAttemptsThatMayNotBeMadeWhileTheyMayNot) {
  const auto path = std::make_shared<FakePath>();
  status_.path = path;
  auto failure = std::make_shared<SourceFailure>();
  failure->next_attempt = clock_.SteadyNow() + seconds(60);
  failure->next_turn = clock_.SteadyNow() + seconds(1);
  status_.failure = failure;
  EXPECT_EQ(Decision(), ReadAction::kAnswer);

  path->is_forbidden = false;
  EXPECT_EQ(Decision(), ReadAction::kAnswer);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Decision(), ReadAction::kWait);

  path->is_forbidden = true;
  EXPECT_EQ(Decision(), ReadAction::kAnswer);
  clock_.Advance(seconds(59));
  EXPECT_EQ(Decision(), ReadAction::kWait);
}

TEST_F(ReadPolicyTest, NothingReadYetWaits) {
  EXPECT_EQ(Decision(), ReadAction::kWait);
  EXPECT_EQ(Shown().state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, AgeOfExactlyTheTtlIsFresh) {
  GiveReading(seconds(2));

  EXPECT_EQ(Decision(), ReadAction::kAnswer);
  EXPECT_EQ(Shown().state, SourceState::kFresh);
  EXPECT_EQ(Shown().outcome, Outcome::kHit);
}

TEST_F(ReadPolicyTest, JustPastTheTtlIsAnsweredAtOnceAndRevalidated) {
  GiveReading(seconds(2) + Duration(1));

  EXPECT_EQ(Decision(), ReadAction::kAnswerAndRefresh);
  EXPECT_EQ(Shown().state, SourceState::kStale);
  EXPECT_EQ(Shown().outcome, Outcome::kStaleRevalidating);
}

TEST_F(ReadPolicyTest, AReadingOfAnotherLoginIsStaleFromTheStart) {
  GiveReading(seconds(1));
  status_.is_of_other_login = true;

  EXPECT_EQ(Decision(), ReadAction::kAnswerAndRefresh);
  EXPECT_EQ(Decision({.max_age = hours(1)}), ReadAction::kWait);
  EXPECT_EQ(Shown().state, SourceState::kStale);
  EXPECT_EQ(Shown({.max_age = hours(1)}).state, SourceState::kStale);
  EXPECT_EQ(Shown({.only_if_cached = true}).state, SourceState::kStale);
  EXPECT_EQ(NextStateChange(status_, clock_.SteadyNow()),
            status_.reading->observe_steady + kCache.ttl + kCache.max_stale);
}

TEST_F(ReadPolicyTest, AReadingFromBeforeAHintIsStaleAndOneFromAfterItIsFresh) {
  GiveReading(seconds(1));
  status_.hinted_at = status_.reading->observe_steady + Duration(1);

  EXPECT_EQ(Decision(), ReadAction::kAnswerAndRefresh);
  EXPECT_EQ(Decision({.max_age = hours(1)}), ReadAction::kWait);
  EXPECT_EQ(Decision({.only_if_cached = true}), ReadAction::kAnswer);
  EXPECT_EQ(Shown().state, SourceState::kStale);
  EXPECT_TRUE(Shown().is_outdated);
  EXPECT_EQ(NextStateChange(status_, clock_.SteadyNow()),
            status_.reading->observe_steady + kCache.ttl + kCache.max_stale);
  status_.hinted_at = status_.reading->observe_steady;
  EXPECT_EQ(Decision(), ReadAction::kAnswer);
  EXPECT_EQ(Shown().state, SourceState::kFresh);
}

TEST_F(ReadPolicyTest, PastStaleWhileRevalidateWaits) {
  GiveReading(seconds(7) + Duration(1));

  EXPECT_EQ(Decision(), ReadAction::kWait);
}

TEST_F(ReadPolicyTest, ExplicitBoundsNeverRevalidateInTheBackground) {
  GiveReading(seconds(3));

  EXPECT_EQ(Decision({.max_age = seconds(1)}), ReadAction::kWait);
  EXPECT_EQ(Decision({.not_before = clock_.WallNow() - seconds(1)}), ReadAction::kWait);
}

TEST_F(ReadPolicyTest, MaxAgeAboveTheTtlIsAStaleHit) {
  GiveReading(hours(1));

  const ReadBounds bounds{.max_age = hours(2)};

  EXPECT_EQ(Decision(bounds), ReadAction::kAnswer);
  EXPECT_EQ(Shown(bounds).state, SourceState::kStale);
  EXPECT_EQ(Shown(bounds).outcome, Outcome::kHit);
}

TEST_F(ReadPolicyTest, AnEnormousMaxAgeTakesAnyReading) {
  GiveReading(hours(100));

  EXPECT_EQ(Decision({.max_age = Duration::max()}), ReadAction::kAnswer);
}

TEST_F(ReadPolicyTest, M103_AReadingFromBeforeTheMachineStartedHasAnAgeToo) {
  GiveReading(hours(24 * 365 * 68));

  EXPECT_EQ(Decision({.max_age = Duration::max()}), ReadAction::kAnswer);
  EXPECT_EQ(Decision({.max_age = hours(24 * 365 * 67)}), ReadAction::kWait);
  EXPECT_EQ(Shown().state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, NotBeforeTakesAReadingOfThatVeryInstant) {
  GiveReading(seconds(1));

  EXPECT_EQ(Decision({.not_before = clock_.WallNow() - seconds(1)}), ReadAction::kAnswer);
  EXPECT_EQ(Decision({.not_before = clock_.WallNow() - seconds(1) + Duration(1)}),
            ReadAction::kWait);
}

TEST_F(ReadPolicyTest, AReadingBeforeNotBeforeIsNeverShown) {
  GiveReading(seconds(1));
  GiveFailure(ErrorKind::kUnreachable);

  const auto view = Shown({.not_before = clock_.WallNow()}, Waited::kStarted);

  EXPECT_EQ(view.state, SourceState::kNoData);
  EXPECT_FALSE(view.reading);
}

TEST_F(ReadPolicyTest, OnlyIfCachedShowsTheStaleWindowAndNothingPastIt) {
  GiveReading(seconds(62));
  EXPECT_EQ(Decision({.only_if_cached = true}), ReadAction::kAnswer);
  EXPECT_EQ(Shown({.only_if_cached = true}).state, SourceState::kStale);
  EXPECT_EQ(Shown({.only_if_cached = true}).outcome, Outcome::kHit);

  GiveReading(seconds(62) + Duration(1));
  EXPECT_EQ(Decision({.only_if_cached = true}), ReadAction::kAnswer);
  EXPECT_EQ(Shown({.only_if_cached = true}).state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, FailedRefreshShowsStaleUpToTheCeiling) {
  GiveFailure(ErrorKind::kUnreachable);

  GiveReading(seconds(62));
  EXPECT_EQ(Shown({}, Waited::kStarted).state, SourceState::kStale);
  EXPECT_EQ(Shown({}, Waited::kStarted).outcome, Outcome::kStaleOnError);

  GiveReading(seconds(62) + Duration(1));
  EXPECT_EQ(Shown({}, Waited::kStarted).state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, TheSmallerOfCallerAndCeilingLimitsStaleness) {
  GiveFailure(ErrorKind::kUnreachable);

  GiveReading(seconds(5));
  EXPECT_EQ(Shown({.max_stale = seconds(2)}).state, SourceState::kNoData);
  EXPECT_EQ(Shown({.max_stale = seconds(3)}).state, SourceState::kStale);

  GiveReading(seconds(63));
  EXPECT_EQ(Shown({.max_stale = hours(1)}).state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, MaxStaleOfZeroNeverShowsWhatTheBoundsRefuse) {
  GiveReading(seconds(1));
  GiveFailure(ErrorKind::kUnreachable);

  const ReadBounds bounds{.max_age = Duration::zero(), .max_stale = Duration::zero()};

  EXPECT_EQ(Shown(bounds, Waited::kStarted).state, SourceState::kNoData);
}

TEST_F(ReadPolicyTest, AFailureThatWillNotHealEndsStalenessAtTheTtl) {
  for (const ErrorKind kind : {ErrorKind::kCredentialsRejected, ErrorKind::kForbidden,
                               ErrorKind::kAccountMissing, ErrorKind::kClockSkew}) {
    GiveFailure(kind);

    GiveReading(seconds(2));
    EXPECT_EQ(Shown().state, SourceState::kFresh);

    GiveReading(seconds(2) + Duration(1));
    EXPECT_EQ(Shown().state, SourceState::kNoData);
    EXPECT_EQ(Shown({.max_age = hours(1)}).state, SourceState::kNoData);
    EXPECT_EQ(Decision({.max_age = hours(1)}), ReadAction::kWait);
    EXPECT_EQ(Decision(), ReadAction::kWait);
  }
}

TEST_F(ReadPolicyTest, ARejectionOutlastsTheFailuresThatFollow) {
  GiveFailure(ErrorKind::kRateLimited);
  status_.is_rejected = true;
  GiveReading(seconds(2) + Duration(1));

  EXPECT_EQ(Shown().state, SourceState::kNoData);
  EXPECT_EQ(NextStateChange(status_, clock_.SteadyNow()), SteadyTime::max());
}

TEST_F(ReadPolicyTest, ARecentFailureAnswersForAttemptsThatMayNotBeMadeYet) {
  GiveFailure(ErrorKind::kUnreachable, milliseconds(499));
  EXPECT_EQ(Decision(), ReadAction::kAnswer);
  EXPECT_EQ(Decision({.max_age = Duration::zero()}), ReadAction::kWait);

  GiveFailure(ErrorKind::kUnreachable, milliseconds(500));
  EXPECT_EQ(Decision(), ReadAction::kWait);
}

TEST_F(ReadPolicyTest, WaitingTellsWhoseRefreshItWas) {
  GiveReading(Duration::zero());

  EXPECT_EQ(Shown({}, Waited::kStarted).outcome, Outcome::kFetched);
  EXPECT_EQ(Shown({}, Waited::kJoined).outcome, Outcome::kJoined);
}

TEST_F(ReadPolicyTest, AJumpOfTheWallClockAltersNoAge) {
  GiveReading(seconds(1));

  clock_.JumpWall(hours(1));
  EXPECT_EQ(Shown().state, SourceState::kFresh);

  clock_.JumpWall(-hours(2));
  EXPECT_EQ(Shown().state, SourceState::kFresh);
}

TEST_F(ReadPolicyTest, NextStateChangeFollowsTheStates) {
  const SteadyTime now = clock_.SteadyNow();
  EXPECT_EQ(NextStateChange(status_, now), SteadyTime::max());

  GiveReading(seconds(1));
  EXPECT_EQ(NextStateChange(status_, now), now + seconds(1));

  GiveReading(seconds(3));
  EXPECT_EQ(NextStateChange(status_, now), now + seconds(59));

  GiveFailure(ErrorKind::kCredentialsRejected);
  EXPECT_EQ(NextStateChange(status_, now), SteadyTime::max());
}

}  // namespace
}  // namespace balance
