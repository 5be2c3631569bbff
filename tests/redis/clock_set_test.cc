// The clock of Redis is set while replicas are there.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The machine's clocks, one of them moved. To who has it, Redis's clock is set the other way.
class MovedClock final : public Clock {
 public:
  explicit MovedClock(Clock& own) : own_(own) {}

  // By so much further ahead.
  void Move(Duration by) { moved_ += by; }

  WallTime WallNow() const override { return own_.WallNow(); }
  SteadyTime SteadyNow() const override { return own_.SteadyNow() + moved_; }
  boost::asio::awaitable<void> SleepUntil(SteadyTime when) override {
    return own_.SleepUntil(when - moved_);
  }
  std::unique_ptr<ClockTimer> MakeTimer(LoopExecutor executor) override {
    return std::make_unique<Timer>(*this, own_.MakeTimer(std::move(executor)));
  }

 private:
  class Timer final : public ClockTimer {
   public:
    Timer(const MovedClock& clock, std::unique_ptr<ClockTimer> own)
        : clock_(clock), own_(std::move(own)) {}

    void Set(SteadyTime when, std::function<void()> callback) override {
      own_->Set(when - clock_.moved_, std::move(callback));
    }
    void Cancel() override { own_->Cancel(); }

   private:
    const MovedClock& clock_;
    const std::unique_ptr<ClockTimer> own_;
  };

  Clock& own_;
  Duration moved_{0};
};

class ClockWatcher final : public FleetObserver {
 public:
  void OnClockSet(Duration by) override { steps.push_back(by); }

  std::vector<Duration> steps;
};

class ClockSetTest : public RedisTest {
 protected:
  // What the replica whose clock moves is told, whatever the age.
  std::string Told() {
    AcquireRequest request = AnyReading(login_);
    request.owner = "moved";
    return RedisTest::Told(Await(moved_->Acquire(request)));
  }

  std::string Kept(const std::string& cash) {
    const auto acquired = Settled(*other_, Request(login_, "other"));
    const auto* const grant = acquired ? std::get_if<Granted>(&*acquired) : nullptr;
    if (!grant) return RedisTest::Told(acquired);
    const auto stored = Await(other_->Store(Storing(login_, ReadingOf(cash), *grant)));
    return stored && *stored == StoreOutcome::kKept ? "kept" : "not kept";
  }

  // What is stored now is kept, and published.
  bool IsKept(const Reading& reading) {
    const auto stored = Await(other_->Store(Storing(login_, reading)));
    return stored && *stored == StoreOutcome::kKept;
  }

  bool IsNoted() const { return server_.Command({"EXISTS", std::string(kClockKey)}).integer == 1; }

  // Of the replica whose clock moves.
  AcquireRequest MovedRequest() {
    AcquireRequest request = Request(login_, "moved");
    request.observed_from = moved_clock_.SteadyNow();
    return request;
  }

  // Moves the clock of the one, and waits until it has heard Redis's.
  void MoveClock(Duration by) {
    const std::size_t before = watcher_.steps.size();
    moved_clock_.Move(by);
    ASSERT_TRUE(Becomes([&] { return watcher_.steps.size() > before; }));
  }

  const LoginNames login_ = NamesOfKey("key");
  RedisServer server_;
  MovedClock moved_clock_{clock_};
  ClockWatcher watcher_;
  const std::unique_ptr<RedisFleetStore> other_ = ConnectedStore(server_);
  const std::unique_ptr<RedisFleetStore> moved_ = std::make_unique<RedisFleetStore>(
      loop_, moved_clock_, SeededRandom(7), SettingsOf(server_.address()), SealOf('k'), watcher_);
};

TEST_F(ClockSetTest, ASetBackIsToldOnceAndWhatWasThereBeforeIsAMiss) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");
  ASSERT_EQ(Told(), "1");

  MoveClock(minutes(10));

  RunFor(seconds(3));
  ASSERT_EQ(watcher_.steps.size(), 1U);
  EXPECT_LT(watcher_.steps[0], -minutes(9));
  EXPECT_EQ(Told(), "granted");
}

TEST_F(ClockSetTest, WhatIsReadAfterASetBackIsHeard) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable() && moved_->IsListening(); }));
  std::vector<std::string> heard;
  const auto listening = moved_->Subscribe(login_, [&](FleetNews news) {
    heard.push_back(CashOf(std::get<FleetReading>(news).reading));
  });
  MoveClock(minutes(10));

  ASSERT_TRUE(Becomes([&] {
    EXPECT_EQ(Kept(std::to_string(heard.size() + 2)), "kept");
    return !heard.empty();
  }));
  EXPECT_EQ(heard.front(), "2");
}

// It has not seen the step, and would take what was read ten minutes ago for new when Redis's clock
// is there again.
TEST_F(ClockSetTest, WhoComesAfterASetBackKnowsOfItToo) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");
  MoveClock(minutes(10));
  ASSERT_TRUE(Becomes([&] { return IsNoted(); }));

  const auto late = ConnectedStore(server_);

  EXPECT_EQ(RedisTest::Told(Settled(*late, AnyReading(login_))), "granted");
  EXPECT_GT(server_.Command({"PTTL", std::string(kClockKey)}).integer, 0);
}

TEST_F(ClockSetTest, AFailureOfBeforeASetBackIsNobodysEither) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  const auto grant = Settled(*other_, Request(login_));
  ASSERT_EQ(RedisTest::Told(grant), "granted");
  Error error{ErrorKind::kUpstreamError, "no"};
  ASSERT_TRUE(Await(other_->Store(Storing(login_, error, std::get<Granted>(*grant)))));
  MoveClock(minutes(10));
  ASSERT_TRUE(Becomes([&] { return IsNoted(); }));

  AcquireRequest request = Request(login_);
  request.failed_from = clock_.SteadyNow() - minutes(1);
  EXPECT_EQ(RedisTest::Told(Settled(*other_, request)), "granted");
}

TEST_F(ClockSetTest, OnceTheClockHasPassedWhereItWasReadingsAreSharedAgain) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  const auto late = ConnectedStore(server_);
  MoveClock(milliseconds(500));
  ASSERT_TRUE(Becomes([&] { return IsNoted(); }));
  AcquireRequest request = AnyReading(login_);
  request.may_send = false;

  EXPECT_TRUE(Becomes([&] {
    EXPECT_EQ(Kept("2"), "kept");
    return RedisTest::Told(Await(late->Acquire(request))) == "2";
  }));
  EXPECT_EQ(Told(), "2");
}

// By a clock that shows the same times twice it was read earlier than what lies there.
TEST_F(ClockSetTest, WhatIsDoubtfulStandsInNobodysWay) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");
  Reading older = ReadingOf("2");
  older.observe_steady -= minutes(1);
  ASSERT_FALSE(IsKept(older));
  MoveClock(minutes(10));
  ASSERT_TRUE(Becomes([&] { return IsNoted(); }));

  EXPECT_TRUE(IsKept(older));
}

TEST_F(ClockSetTest, WhatAFullRedisCannotNoteItNotesLater) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  server_.Command({"CONFIG", "SET", "maxmemory", "1"});
  MoveClock(minutes(10));
  RunFor(seconds(2));
  ASSERT_FALSE(IsNoted());

  server_.Command({"CONFIG", "SET", "maxmemory", "0"});

  EXPECT_TRUE(Becomes([&] { return IsNoted(); }));
}

TEST_F(ClockSetTest, ANoteOfAnotherRedisSaysNothingOfThisOne) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  server_.Command({"HSET", std::string(kClockKey), "run", "other", "until", "9000000000000000"});

  ASSERT_EQ(Kept("1"), "kept");

  EXPECT_EQ(Told(), "1");
}

// A budget that fills with Redis's time would be whole again at once.
TEST_F(ClockSetTest, M18_ForASecondAfterASetAheadNothingIsSent) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");
  MoveClock(-minutes(10));
  const SteadyTime now = moved_clock_.SteadyNow();

  const auto acquired = Await(moved_->Acquire(MovedRequest()));

  ASSERT_EQ(RedisTest::Told(acquired), "later");
  const SteadyTime turn = std::get<OutOfTurn>(*acquired).send_at;
  EXPECT_GT(turn, now);
  EXPECT_LE(turn, now + seconds(2));
  EXPECT_TRUE(Becomes(
      [&] { return RedisTest::Told(Await(moved_->Acquire(MovedRequest()))) == "granted"; }));
  EXPECT_GE(moved_clock_.SteadyNow(), turn);
}

TEST_F(ClockSetTest, M18_AGrantWhoseAnswerTellsOfASetAheadIsGivenBack) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");

  moved_clock_.Move(-milliseconds(500));
  const auto acquired = Await(moved_->Acquire(MovedRequest()));

  EXPECT_NE(RedisTest::Told(acquired), "granted");
  EXPECT_EQ(server_.Command({"EXISTS", login_.lease}).integer, 0);
}

TEST_F(ClockSetTest, WhatLooksNewOnlyAsTheClockWasSetAheadOnTheWayIsAMiss) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");

  moved_clock_.Move(-milliseconds(1500));
  const auto acquired = Await(moved_->Acquire(MovedRequest()));

  EXPECT_NE(RedisTest::Told(acquired), "1");
}

TEST_F(ClockSetTest, AClockThatWasSetAheadIsToldAndMakesNothingDoubtful) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(Kept("1"), "kept");

  MoveClock(-minutes(10));

  EXPECT_GT(watcher_.steps.at(0), minutes(9));
  EXPECT_EQ(Told(), "1");
}

TEST_F(ClockSetTest, AStepThatEveryClockMakesIsNotTold) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));

  moved_clock_.Move(milliseconds(50));
  RunFor(seconds(3));

  EXPECT_TRUE(watcher_.steps.empty());
}

// It knows nothing of what was there before, but all replicas go by its clock from now on.
TEST_F(ClockSetTest, ThatTheNextRedisHasAnotherTimeIsToldToo) {
  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  server_.Kill();
  ASSERT_TRUE(Becomes([&] { return !moved_->IsUsable(); }));

  moved_clock_.Move(minutes(10));
  server_.Restart();

  ASSERT_TRUE(Becomes([&] { return moved_->IsUsable(); }));
  ASSERT_EQ(watcher_.steps.size(), 1U);
  EXPECT_LT(watcher_.steps[0], -minutes(9));
}

}  // namespace
}  // namespace balance
