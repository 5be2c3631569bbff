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
