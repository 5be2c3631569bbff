// Rows of the fault matrix in tests/README.md that need nothing but a feed and a clock.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/paced_source.h"
#include "clients/resilience/upstream_path.h"
#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LatestSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    latest = sources;
    return ++changes;
  }

  int changes = 0;
  std::vector<SourceStatus> latest;
};

class EndCounter final : public RefreshObserver {
 public:
  void OnRefresh(const SourceStatus&, const Result<Reading>&, Duration) override { ++ended; }
  void OnRefusal(const SourceStatus&, const Error&) override { ++ended; }
  void OnDropped(const SourceStatus&) override { ++dropped; }

  // Refreshes, those that were refused included.
  int ended = 0;
  int dropped = 0;
};

// One account with the sources "real" and "paper".
class FeedMatrixTest : public testing::Test {
 protected:
  FeedMatrixTest() {
    std::vector<AccountFeed::SourceSpec> specs;
    for (auto* upstream : {&real_, &paper_}) specs.push_back(Spec(*upstream));
    Use(std::move(specs));
  }

  ~FeedMatrixTest() override {
    account_->Stop();
    Run();
  }

  static AccountFeed::SourceSpec Spec(FakeUpstream& upstream) {
    auto info = std::make_shared<SourceInfo>();
    info->cache = kCache;
    AccountFeed::SourceSpec spec;
    spec.options.info = std::move(info);
    spec.options.refresh_budget = seconds(5);
    spec.source = upstream.MakeSource();
    return spec;
  }

  void Use(std::vector<AccountFeed::SourceSpec> specs) {
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  // Outlives the account, which answers those who still wait when it stops.
  std::vector<AccountAnswer>& NewAnswers() { return answers_.emplace_back(); }

  // Of "real" only.
  AccountFeed::ReadId Read(std::vector<AccountAnswer>& answers, ReadBounds bounds = {},
                           Duration patience = seconds(10)) {
    AccountRead read{bounds, {true, false}, clock_.SteadyNow() + patience};
    return account_->Read(std::move(read), [&answers](AccountAnswer answer) {
      answers.push_back(std::move(answer));
    });
  }

  SourceView ReadNow(ReadBounds bounds = {}) {
    std::vector<AccountAnswer>& answers = NewAnswers();
    Read(answers, bounds, milliseconds(1));
    Run();
    Advance(milliseconds(1));
    return answers.at(0).sources[0];
  }

  void Warm(const std::string& cash) {
    std::vector<AccountAnswer>& answers = NewAnswers();
    Read(answers);
    Run();
    real_.AnswerWith(cash);
    Run();
  }

  static std::string Cash(const SourceView& view) {
    return view.reading ? view.reading->balances.front().cash->value.ToString() : "none";
  }

  static constexpr CacheSettings kCache{seconds(2), seconds(5), seconds(60), milliseconds(500)};

  std::deque<std::vector<AccountAnswer>> answers_;
  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream real_{clock_};
  FakeUpstream paper_{clock_};
  EndCounter observer_;
  LatestSink sink_;
  std::unique_ptr<AccountFeed> account_;
};

TEST_F(FeedMatrixTest, M01_AThousandConcurrentMissesAreOneRequestAndOneValue) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  for (int i = 0; i < 1000; ++i) Read(answers);
  Run();
  EXPECT_EQ(real_.requests(), 1);
  real_.AnswerWith("12.34");
  Run();

  ASSERT_EQ(answers.size(), 1000U);
  for (const AccountAnswer& answer : answers) EXPECT_EQ(Cash(answer.sources[0]), "12.34");
  EXPECT_EQ(real_.requests(), 1);
}

TEST_F(FeedMatrixTest, M02_TheFirstCallersDeadlineEndsOnlyItsOwnWait) {
  std::vector<AccountAnswer>& first = NewAnswers();
  std::vector<AccountAnswer>& others = NewAnswers();
  Read(first, {}, milliseconds(10));
  for (int i = 0; i < 9; ++i) Read(others);
  Run();
  Advance(milliseconds(10));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].waited[0].how, Waited::kGaveUp);
  EXPECT_EQ(others.size(), 0U);
  Advance(milliseconds(190));
  real_.AnswerWith("5");
  Run();

  ASSERT_EQ(others.size(), 9U);
  for (const AccountAnswer& answer : others) EXPECT_EQ(Cash(answer.sources[0]), "5");
  EXPECT_EQ(real_.requests(), 1);
}

TEST_F(FeedMatrixTest, M03_WhenAllLeaveBeforeTheSendNothingIsSentAndTheNextStartsAnew) {
  real_.DelayFor(seconds(3));
  std::vector<AccountAnswer>& answers = NewAnswers();
  const auto a = Read(answers);
  const auto b = Read(answers);
  Run();
  account_->Cancel(a);
  account_->Cancel(b);
  Run();
  Advance(seconds(5));
  EXPECT_EQ(real_.requests(), 0);

  real_.Admit();
  Read(answers);
  Run();
  EXPECT_EQ(real_.requests(), 1);
  real_.AnswerWith("5");
  Run();

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(Cash(answers[0].sources[0]), "5");
}

TEST_F(FeedMatrixTest, M04_WhenAllLeaveAfterTheSendTheAnswerFillsTheCache) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  const auto a = Read(answers);
  Run();
  account_->Cancel(a);
  real_.AnswerWith("5");
  Run();

  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(Cash(ReadNow()), "5");
  EXPECT_EQ(real_.requests(), 1);
}

// Callers come, leave and run out of time at random while answers, failures and pauses come and go.
class ManyCallersTest : public FeedMatrixTest {
 protected:
  struct Caller {
    AccountFeed::ReadId id = 0;
    SteadyTime answer_by;
    // Refreshes that had ended when it came.
    int ended_before = 0;
    bool is_asking = true;
    int answers = 0;
    bool has_left = false;
  };

  void Come() {
    // All waits of one refresh end in one handler, so that it can be told which one that was.
    if (waiting_ >= SourceFeed::kEndedAtOnce) return;
    ++waiting_;
    Caller& caller = callers_.emplace_back();
    caller.answer_by = clock_.SteadyNow() + milliseconds(random_() % 3000);
    caller.ended_before = observer_.ended;
    const ReadBounds bounds{.max_age = milliseconds(random_() % 50)};
    caller.id = account_->Read({bounds, {true, false}, caller.answer_by},
                               [this, &caller](AccountAnswer answer) { Check(caller, answer); });
    caller.is_asking = false;
  }

  // One of the latest few: most of the others have their answer.
  void Leave() {
    const std::size_t back = random_() % 4;
    if (back >= callers_.size()) return;
    Caller& caller = callers_[callers_.size() - 1 - back];
    if (caller.answers == 0 && !std::exchange(caller.has_left, true)) --waiting_;
    account_->Cancel(caller.id);
  }

  // Only two things end a wait: a refresh that ends, and the caller's own deadline.
  void Check(Caller& caller, const AccountAnswer& answer) {
    ++caller.answers;
    --waiting_;
    // A stop cuts a refresh off, which is no failure of the source.
    if (has_stopped_) return;
    EXPECT_TRUE(answer.sources[0].reading || answer.sources[0].failure);
    switch (answer.waited[0].how) {
      case Waited::kStarted:
      case Waited::kJoined:
        EXPECT_GT(observer_.ended, caller.ended_before) << "a wait ended, but no refresh";
        EXPECT_EQ(observer_.ended, last_seen_end_ + 1) << "a wait ended later than its refresh";
        return;
      case Waited::kGaveUp:
        EXPECT_GE(clock_.SteadyNow(), caller.answer_by);
        return;
      case Waited::kRefused:
        EXPECT_TRUE(caller.is_asking || clock_.SteadyNow() >= caller.answer_by);
        return;
      case Waited::kNot:
        EXPECT_TRUE(caller.is_asking);
    }
  }

  void Upstream() {
    switch (random_() % 5) {
      case 0:
        if (real_.IsWaiting()) real_.FailWith(ErrorKind::kUnreachable);
        return;
      case 1:
        real_.DelayFor(milliseconds(random_() % 600));
        return;
      case 2:
        if (random_() % 4 == 0) {
          real_.RefuseFor(milliseconds(random_() % 600), ErrorKind::kRateLimited);
        }
        return;
      case 3:
        real_.Admit();
        return;
      default:
        if (real_.IsWaiting()) real_.AnswerWith("5");
    }
  }

  // Handler by handler, so that a refresh is seen to end before the next thing happens.
  void RunStepwise() {
    loop_.restart();
    do {
      last_seen_end_ = observer_.ended;
    } while (loop_.poll_one() > 0);
  }

  std::mt19937_64 random_;
  std::deque<Caller> callers_;
  int waiting_ = 0;
  int last_seen_end_ = 0;
  bool has_stopped_ = false;
};

TEST_F(ManyCallersTest, M05_NobodyGetsAnotherCallersCancellationInAHundredThousandSteps) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  for (int step = 0; step < 100'000 && !HasFailure(); ++step) {
    const auto what = random_() % 8;
    if (what < 3) {
      Come();
    } else if (what == 3) {
      Leave();
    } else if (what == 4) {
      clock_.Advance(milliseconds(random_() % 400));
    } else {
      Upstream();
    }
    // Sometimes several things happen before the loop gets to run.
    if (random_() % 3 != 0) RunStepwise();
  }
  has_stopped_ = true;
  account_->Stop();
  Run();
  EXPECT_GT(callers_.size(), 10'000U);
  for (const Caller& caller : callers_) EXPECT_EQ(caller.answers, caller.has_left ? 0 : 1);
}

TEST_F(FeedMatrixTest, M06_EveryWaiterGetsTheTrueErrorAndNothingIsCached) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  for (int i = 0; i < 10; ++i) Read(answers);
  Run();
  real_.FailWith(ErrorKind::kReplyInvalid);
  Run();

  ASSERT_EQ(answers.size(), 10U);
  for (const AccountAnswer& answer : answers) {
    EXPECT_EQ(answer.sources[0].state, SourceState::kNoData);
    EXPECT_EQ(answer.sources[0].failure->error.kind, ErrorKind::kReplyInvalid);
  }
  Advance(seconds(1));
  Read(answers);
  Run();
  EXPECT_EQ(real_.requests(), 2);
}

TEST_F(FeedMatrixTest, M07_AtTheTtlLessAMillisecondAReadingIsFresh) {
  Warm("5");
  clock_.Advance(kCache.ttl - milliseconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);

  EXPECT_EQ(answers.at(0).sources[0].state, SourceState::kFresh);
  EXPECT_EQ(real_.requests(), 1);
}

TEST_F(FeedMatrixTest, M07_AtTheTtlPlusAMillisecondItIsServedWhileItIsRefreshed) {
  Warm("5");
  Advance(kCache.ttl + milliseconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  EXPECT_EQ(answers.at(0).sources[0].outcome, Outcome::kStaleRevalidating);
  Run();

  EXPECT_EQ(real_.requests(), 2);
}

TEST_F(FeedMatrixTest, M07_PastTheRevalidationWindowItIsServedOnlyIfTheRefreshFails) {
  Warm("5");
  Advance(kCache.ttl + kCache.stale_while_revalidate + milliseconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  Run();
  EXPECT_TRUE(answers.empty());
  real_.FailWith(ErrorKind::kUpstreamError);
  Run();

  EXPECT_EQ(answers.at(0).sources[0].outcome, Outcome::kStaleOnError);
  EXPECT_EQ(Cash(answers.at(0).sources[0]), "5");
}

TEST_F(FeedMatrixTest, M07_PastTheCeilingItIsNeverServed) {
  Warm("5");
  Advance(kCache.ttl + kCache.max_stale + milliseconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  Run();
  real_.FailWith(ErrorKind::kUpstreamError);
  Run();

  EXPECT_EQ(answers.at(0).sources[0].state, SourceState::kNoData);
}

TEST_F(FeedMatrixTest, M08_AJumpOfTheWallClockAltersNoAgeAndNoTtl) {
  for (const auto jump : {hours(1), hours(-2)}) {
    Warm("5");
    clock_.JumpWall(jump);
    EXPECT_EQ(ReadNow().state, SourceState::kFresh);
    Advance(kCache.ttl);
    EXPECT_EQ(ReadNow({.only_if_cached = true}).state, SourceState::kStale);
    Advance(kCache.ttl + kCache.max_stale);
  }
}

TEST_F(FeedMatrixTest, M08_AJumpDuringARefreshBringsNoNextOneForward) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  Run();
  clock_.JumpWall(hours(1));
  real_.AnswerWith("5");
  Run();

  EXPECT_EQ(sink_.latest[0].early_refresh_at, sink_.latest[0].reading->observe_steady + kCache.ttl);
}

TEST_F(FeedMatrixTest, M11_ARejectedKeyEndsStaleServingAtTheTtl) {
  for (const auto kind : {ErrorKind::kCredentialsRejected, ErrorKind::kForbidden,
                          ErrorKind::kAccountMissing, ErrorKind::kClockSkew}) {
    Warm("5");
    Advance(kCache.ttl + seconds(1));
    std::vector<AccountAnswer>& answers = NewAnswers();
    Read(answers, {.max_age = Duration::zero()});
    Run();
    real_.FailWith(kind);
    Run();

    EXPECT_EQ(answers.at(0).sources[0].state, SourceState::kNoData);
    EXPECT_EQ(answers.at(0).sources[0].failure->error.kind, kind);
    Advance(seconds(1));
  }
}

TEST_F(FeedMatrixTest, M11_AfterARejectionNoOtherFailureBringsTheOldFigureBack) {
  for (const auto kind :
       {ErrorKind::kCredentialsRejected, ErrorKind::kForbidden, ErrorKind::kAccountMissing}) {
    Warm("5");
    Advance(kCache.ttl + seconds(1));
    for (const auto next :
         {kind, ErrorKind::kUpstreamError, ErrorKind::kRateLimited, ErrorKind::kUnreachable}) {
      std::vector<AccountAnswer>& answers = NewAnswers();
      Read(answers, {.max_age = Duration::zero()});
      Run();
      real_.FailWith(next);
      Run();
      EXPECT_EQ(answers.at(0).sources[0].state, SourceState::kNoData);
      EXPECT_EQ(answers.at(0).sources[0].failure->error.kind, next);
      EXPECT_EQ(ReadNow({.only_if_cached = true}).state, SourceState::kNoData);
      Advance(seconds(1));
    }
  }
}

TEST_F(FeedMatrixTest, M11_AnAcceptedReadingEndsTheRejection) {
  Warm("5");
  Advance(kCache.ttl + seconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers, {.max_age = Duration::zero()});
  Run();
  real_.FailWith(ErrorKind::kCredentialsRejected);
  Run();
  Advance(seconds(1));
  Warm("6");
  Advance(kCache.ttl + seconds(1));
  Read(answers, {.max_age = Duration::zero()});
  Run();
  real_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_EQ(answers.at(1).sources[0].outcome, Outcome::kStaleOnError);
  EXPECT_EQ(Cash(answers.at(1).sources[0]), "6");
}

TEST_F(FeedMatrixTest, M19_ATurnPastTheDeadlineIsRefusedAtOnceAndNotQueued) {
  real_.DelayFor(seconds(3));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers, {}, seconds(2));
  Run();

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].sources[0].failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_EQ(answers[0].sources[0].retry_after, seconds(3));
  Advance(seconds(5));
  EXPECT_EQ(real_.requests(), 0);
}

TEST_F(FeedMatrixTest, M19_ARefusalThatBeginsWhileARefreshIsQueuedEndsItForAll) {
  real_.DelayFor(seconds(3));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  Run();
  real_.RefuseFor(seconds(60), ErrorKind::kCredentialsRejected);
  Read(answers);
  Run();

  ASSERT_EQ(answers.size(), 2U);
  for (const AccountAnswer& answer : answers) {
    EXPECT_EQ(answer.sources[0].failure->error.kind, ErrorKind::kCredentialsRejected);
  }
  EXPECT_EQ(real_.requests(), 0);
}

TEST_F(FeedMatrixTest, M19_ARefusalThatBeginsDuringTheMinimumIntervalEndsTheWait) {
  Warm("5");
  Advance(milliseconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers, {.max_age = Duration::zero()});
  Run();
  real_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  Read(answers, {.max_age = Duration::zero()});
  Run();

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].sources[0].failure->error.kind, ErrorKind::kUnreachable);
}

// Both sources use one credential.
class SharedKeyTest : public FeedMatrixTest {
 protected:
  SharedKeyTest() {
    std::vector<AccountFeed::SourceSpec> specs;
    for (auto* upstream : {&real_, &paper_}) {
      AccountFeed::SourceSpec spec = Spec(*upstream);
      spec.source = std::make_unique<PacedSource>(std::move(spec.source), pacer_, clock_);
      specs.push_back(std::move(spec));
    }
    Use(std::move(specs));
  }

  void ReadPaper(std::vector<AccountAnswer>& answers) {
    account_->Read({{}, {false, true}, clock_.SteadyNow() + seconds(10)},
                   [&](AccountAnswer answer) { answers.push_back(std::move(answer)); });
    Run();
  }

  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{2, 1});
};

TEST_F(SharedKeyTest, M19_ATurnThatMovesPastTheDeadlineRefusesWhoeverComes) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers);
  Run();
  std::vector<AccountAnswer>& queued = NewAnswers();
  ReadPaper(queued);
  pacer_->OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(60)});
  std::vector<AccountAnswer>& late = NewAnswers();
  ReadPaper(late);

  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].waited[1].how, Waited::kRefused);
  EXPECT_EQ(late[0].sources[1].failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_EQ(late[0].sources[1].retry_after, seconds(60));
  Advance(seconds(10));
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(queued[0].waited[1].how, Waited::kRefused);
}

// "real" is a login whose requests' time the upstream rejects.
class RejectedTimeTest : public FeedMatrixTest {
 protected:
  RejectedTimeTest() {
    AccountFeed::SourceSpec spec = Spec(real_);
    spec.source = std::make_unique<HoldOffSource>(std::move(spec.source),
                                                  guards_.credential.hold_off, clock_);
    spec.options.path = std::make_shared<const UpstreamPath>(guards_);
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(std::move(spec));
    specs.push_back(Spec(paper_));
    Use(std::move(specs));
    // The first is signed anew, the second holds off.
    for (int i = 0; i < 2; ++i) {
      Read(NewAnswers());
      Run();
      real_.FailWith(ErrorKind::kClockSkew);
      Run();
      Advance(seconds(1));
    }
  }

  const std::shared_ptr<HostBreaker> host_ = std::make_shared<HostBreaker>([] { return 0.5; });
  const SourceGuards guards_{
      {std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{2, 1}),
       std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest)},
      {std::make_shared<LoginBreaker>(host_, [] { return 0.5; }), std::make_shared<RetryBudget>()},
      {host_, std::make_shared<ClockSkew>(clock_)}};
};

TEST_F(RejectedTimeTest, M83_APlainReadIsSentAtOnceAfterTheClockWasSetRight) {
  EXPECT_EQ(ReadNow().failure->error.kind, ErrorKind::kClockSkew);
  EXPECT_EQ(real_.requests(), 2);
  clock_.JumpWall(seconds(-120));

  Read(NewAnswers());
  Run();
  EXPECT_EQ(real_.requests(), 3);
  real_.AnswerWith("10");
  Run();
  EXPECT_EQ(Cash(ReadNow()), "10");
}

TEST_F(RejectedTimeTest, M83_APlainReadIsSentAtOnceAfterAReload) {
  guards_.credential.hold_off->OnReload();

  Read(NewAnswers());
  Run();
  EXPECT_EQ(real_.requests(), 3);
}

TEST_F(RejectedTimeTest, M83_WithoutEitherNothingIsSentForAMinute) {
  for (int i = 0; i < 58; ++i) {
    ReadNow();
    Advance(seconds(1) - milliseconds(1));
  }
  EXPECT_EQ(real_.requests(), 2);
  Advance(seconds(2));
  Read(NewAnswers());
  Run();
  EXPECT_EQ(real_.requests(), 3);
}

TEST_F(FeedMatrixTest, M40_AnOlderReadingThatArrivesLaterIsDroppedAndCounted) {
  Warm("5");
  const Reading known = *sink_.latest[0].reading;
  Advance(seconds(1));
  std::vector<AccountAnswer>& answers = NewAnswers();
  Read(answers, {.max_age = Duration::zero()});
  Run();
  real_.AnswerWith(
      MakeReading("4", known.observe_time - seconds(1), known.observe_steady - seconds(1)));
  Run();

  EXPECT_EQ(sink_.latest[0].reading->balances, known.balances);
  EXPECT_EQ(observer_.dropped, 1);
}

TEST_F(FeedMatrixTest, M63_OneVenueDownIsFlaggedAndNeverAZero) {
  std::vector<AccountAnswer>& answers = NewAnswers();
  account_->Read({{}, {true, true}, clock_.SteadyNow() + seconds(10)},
                 [&](AccountAnswer answer) { answers.push_back(std::move(answer)); });
  Run();
  real_.FailWith(ErrorKind::kUnreachable);
  paper_.AnswerWith("20");
  Run();

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].sources[0].state, SourceState::kNoData);
  EXPECT_FALSE(answers[0].sources[0].reading);
  EXPECT_TRUE(answers[0].sources[0].failure);
  EXPECT_EQ(Cash(answers[0].sources[1]), "20");
}

}  // namespace
}  // namespace balance
