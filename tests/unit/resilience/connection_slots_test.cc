// M71: what hangs holds a part of the connections, never all of them.

#include "clients/resilience/connection_slots.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <vector>

#include "clients/resilience/breaker_source.h"
#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/paced_source.h"
#include "tests/support/cpu_time.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fetching.h"
#include "tests/unit/resilience/many_fetches.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Slot = HostSlots::Slot;

class ConnectionSlotsTest : public testing::Test {
 protected:
  struct Wait {
    FetchProgress progress;
    // Unset while it waits.
    std::optional<std::optional<Slot>> slot;
    bool is_cancelled = false;
    boost::asio::cancellation_signal cancel;

    bool has_slot() const { return slot && *slot; }
  };

  // Nobody waits for a host that is gone.
  ~ConnectionSlotsTest() override {
    for (Wait& wait : waits_) wait.cancel.emit(boost::asio::cancellation_type::terminal);
    Run();
  }

  std::shared_ptr<HostSlots> MakeHost() { return std::make_shared<HostSlots>(all_); }

  Wait& Take(HostSlots& host, SteadyTime deadline = SteadyTime::max(), bool urgent = true) {
    Wait& wait = waits_.emplace_back();
    wait.progress.urgent = urgent;
    boost::asio::co_spawn(loop_, TakeOne(host, wait.progress, deadline),
                          boost::asio::bind_cancellation_slot(
                              wait.cancel.slot(), [&wait](const std::exception_ptr& thrown,
                                                          std::optional<std::optional<Slot>> slot) {
                                wait.is_cancelled = thrown != nullptr;
                                if (!thrown) wait.slot = std::move(slot);
                              }));
    Run();
    return wait;
  }
  std::vector<Slot> TakeAll(HostSlots& host) {
    std::vector<Slot> slots;
    while (auto slot = host.TryTake()) slots.push_back(std::move(*slot));
    return slots;
  }
  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  std::shared_ptr<ConnectionSlots> all_ =
      std::make_shared<ConnectionSlots>(loop_.get_executor(), clock_, ConnectionLimits{12});
  std::shared_ptr<HostSlots> hung_ = MakeHost();
  std::shared_ptr<HostSlots> other_ = MakeHost();
  std::deque<Wait> waits_;

 private:
  static boost::asio::awaitable<std::optional<std::optional<Slot>>> TakeOne(HostSlots& host,
                                                                            FetchProgress& progress,
                                                                            SteadyTime deadline) {
    co_return std::optional<std::optional<Slot>>(co_await host.Take(progress, deadline));
  }
};

TEST_F(ConnectionSlotsTest, M71_AHostThatHangsHoldsHalfAndLeavesTheRestToTheNext) {
  const auto hung = TakeAll(*hung_);
  EXPECT_EQ(hung.size(), ConnectionLimits{12}.of_a_host());

  const auto other = TakeAll(*other_);
  EXPECT_EQ(other.size(), 3U);
  EXPECT_TRUE(MakeHost()->TryTake());
  EXPECT_LT(all_->in_use(), 12U);
}

TEST_F(ConnectionSlotsTest, ASlotThatIsGivenBackGoesToWhoWaitsLongest) {
  auto held = TakeAll(*hung_);
  Wait& first = Take(*hung_);
  Wait& second = Take(*hung_);
  EXPECT_FALSE(first.slot);

  held.pop_back();
  Run();
  EXPECT_TRUE(first.has_slot());
  EXPECT_FALSE(second.slot);

  held.pop_back();
  Run();
  EXPECT_TRUE(second.has_slot());
}

TEST_F(ConnectionSlotsTest, UrgentOnesGoFirst) {
  auto held = TakeAll(*hung_);
  Wait& background = Take(*hung_, SteadyTime::max(), false);
  Wait& urgent = Take(*hung_);

  held.pop_back();
  Run();

  EXPECT_TRUE(urgent.has_slot());
  EXPECT_FALSE(background.slot);
}

TEST_F(ConnectionSlotsTest, AChangeOfUrgencyDuringTheWaitIsHeeded) {
  auto held = TakeAll(*hung_);
  Wait& first = Take(*hung_);
  Wait& second = Take(*hung_, SteadyTime::max(), false);
  Wait& third = Take(*hung_, SteadyTime::max(), false);
  first.progress.SetUrgent(false);
  third.progress.SetUrgent(true);

  held.pop_back();
  Run();
  EXPECT_TRUE(third.has_slot());
  EXPECT_FALSE(first.slot);

  held.pop_back();
  Run();
  EXPECT_TRUE(first.has_slot());
  EXPECT_FALSE(second.slot);
}

// At a cost that grew with the square of their number, each of these would need minutes.
TEST_F(ConnectionSlotsTest, M117_ManyAreServedAtACostThatGrowsWithTheirNumber) {
  constexpr std::size_t kMany = 100'000;
  const Duration before = CpuTime();
  auto held = TakeAll(*hung_);
  for (std::size_t i = 0; i < kMany; ++i) Take(*hung_, SteadyTime::max(), i >= kMany / 2);
  held.clear();
  for (std::size_t i = 0; i < kMany; ++i) {
    Run();
    Wait& next = waits_[(i + kMany / 2) % kMany];
    ASSERT_TRUE(next.has_slot()) << i;
    next.slot.reset();
  }

  EXPECT_EQ(all_->in_use(), 0U);
  EXPECT_LT(CpuTime() - before, seconds(20));
}

TEST_F(ConnectionSlotsTest, M117_ManyLeaveOrRunOutOfTimeAtACostThatGrowsWithTheirNumber) {
  constexpr std::size_t kMany = 100'000;
  const Duration before = CpuTime();
  const auto held = TakeAll(*hung_);
  const SteadyTime deadline = clock_.SteadyNow() + seconds(2);
  for (std::size_t i = 0; i < kMany; ++i) Take(*hung_, deadline);
  for (std::size_t i = 0; i < kMany / 2; ++i) {
    waits_[i].cancel.emit(boost::asio::cancellation_type::terminal);
  }
  Run();
  clock_.Advance(seconds(2));
  Run();

  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(waits_[i].is_cancelled, i < kMany / 2) << i;
    ASSERT_EQ(waits_[i].slot.has_value(), i >= kMany / 2) << i;
    ASSERT_FALSE(waits_[i].has_slot()) << i;
  }
  EXPECT_LT(CpuTime() - before, seconds(20));
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(ConnectionSlotsTest, AWaitEndsAtItsDeadlineWithoutASlot) {
  auto held = TakeAll(*hung_);
  Wait& hasty = Take(*hung_, clock_.SteadyNow() + seconds(2));
  Wait& patient = Take(*hung_, clock_.SteadyNow() + seconds(3));
  clock_.Advance(seconds(2));
  Run();

  ASSERT_TRUE(hasty.slot);
  EXPECT_FALSE(hasty.has_slot());
  EXPECT_FALSE(patient.slot);

  held.pop_back();
  Run();
  EXPECT_TRUE(patient.has_slot());
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(ConnectionSlotsTest, ACancelledWaitTakesNothing) {
  auto held = TakeAll(*hung_);
  Wait& gone = Take(*hung_);
  Wait& next = Take(*hung_);
  gone.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  held.pop_back();
  Run();

  EXPECT_TRUE(gone.is_cancelled);
  EXPECT_TRUE(next.has_slot());
}

TEST_F(ConnectionSlotsTest, AnothersReleaseMakesRoomForBothHosts) {
  auto hung = TakeAll(*hung_);
  auto other = TakeAll(*other_);
  Wait& waits = Take(*other_);
  EXPECT_FALSE(waits.slot);

  hung.pop_back();
  Run();

  EXPECT_TRUE(waits.has_slot());
}

TEST_F(ConnectionSlotsTest, AHostThatCanBeGivenNothingDoesNotHoldUpAnother) {
  auto hung = TakeAll(*hung_);
  auto other = TakeAll(*other_);
  Wait& of_hung = Take(*hung_);
  Wait& of_other = Take(*other_);

  other.pop_back();
  Run();

  EXPECT_FALSE(of_hung.slot);
  EXPECT_TRUE(of_other.has_slot());
}

TEST_F(ConnectionSlotsTest, NobodyWaitsWithoutNeed) {
  { const auto held = TakeAll(*hung_); }
  EXPECT_EQ(all_->in_use(), 0U);
  EXPECT_TRUE(Take(*hung_).has_slot());
}

// Two logins at a host with room for one exchange, each with a ceiling of one request a second.
class PacedConnectionTest : public FetchingTest {
 protected:
  std::shared_ptr<Pacer> MakePacer() {
    return std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1, 1});
  }
  ManyFetches::One& Start(BalanceSource& source, SteadyTime deadline = SteadyTime::max()) {
    ManyFetches::One& one = fetches_.Start(source, deadline);
    Run();
    return one;
  }

  const std::shared_ptr<ConnectionSlots> all_ =
      std::make_shared<ConnectionSlots>(loop_.get_executor(), clock_, ConnectionLimits{2});
  const std::shared_ptr<HostSlots> host_ = std::make_shared<HostSlots>(all_);
  FakeUpstream hung_upstream_{clock_};
  PacedSource hung_{hung_upstream_.MakeSource(), MakePacer(), clock_, host_};
  const std::shared_ptr<Pacer> pacer_ = MakePacer();
  PacedSource source_{upstream_.MakeSource(), pacer_, clock_, host_};
  ManyFetches fetches_{loop_};
};

TEST_F(PacedConnectionTest, M71_WhoWaitedForAConnectionStillWaitsForItsTurn) {
  Start(hung_);
  for (int i = 0; i < 5; ++i) Start(source_);
  Advance(seconds(60));
  EXPECT_EQ(upstream_.requests(), 0);
  hung_upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  // A turn that came up meanwhile is not kept for later.
  for (int sent = 1; sent <= 5; ++sent) {
    EXPECT_EQ(upstream_.requests(), sent);
    upstream_.AnswerWith("1");
    Run();
    EXPECT_EQ(upstream_.requests(), sent);
    Advance(milliseconds(1112));
  }
}

TEST_F(PacedConnectionTest, M71_WhoWaitsForItsTurnHoldsNoConnection) {
  Start(source_);
  upstream_.AnswerWith("1");
  Run();
  Start(source_);
  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_EQ(all_->in_use(), 0U);

  Start(hung_);

  EXPECT_EQ(hung_upstream_.requests(), 1);
}

TEST_F(PacedConnectionTest,
       M71_WithoutAConnectionByTheDeadlineNothingIsSentAndTheHostIsNotToBlame) {
  Start(hung_);
  const ManyFetches::One& late = Start(source_, clock_.SteadyNow() + seconds(2));
  Advance(seconds(2));

  ASSERT_TRUE(late.result);
  EXPECT_EQ(late.result->error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(late.result->error().is_local);
  EXPECT_FALSE(late.progress.sent_at);
  EXPECT_EQ(all_->in_use(), 1U);
}

// Beside those of PacedConnectionTest, a login of the same credential at another host.
class ForbiddenMeanwhileTest : public PacedConnectionTest {
 protected:
  ForbiddenMeanwhileTest() {
    Start(hung_);
    Start(elsewhere_);
  }

  std::unique_ptr<BalanceSource> Held(FakeUpstream& upstream) {
    return std::make_unique<HoldOffSource>(upstream.MakeSource(), hold_off_, clock_);
  }

  const std::shared_ptr<HoldOff> hold_off_ = std::make_shared<HoldOff>(seconds(60), seconds(900));
  FakeUpstream other_upstream_{clock_};
  PacedSource elsewhere_{Held(other_upstream_), pacer_, clock_};
  PacedSource waiting_{Held(upstream_), pacer_, clock_, host_};
};

TEST_F(ForbiddenMeanwhileTest, M71_APauseEndsTheWaitForAConnection) {
  const ManyFetches::One& waits = Start(waiting_);
  Advance(seconds(2));
  other_upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();

  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().message, "slow down");
  EXPECT_EQ(waits.result->error().retry_after, seconds(7));
  EXPECT_FALSE(waits.progress.sent_at);
}

TEST_F(ForbiddenMeanwhileTest, M71_AHoldOffEndsTheWaitForAConnection) {
  const ManyFetches::One& waits = Start(waiting_);
  Advance(seconds(2));
  other_upstream_.FailWith(ErrorKind::kCredentialsRejected);
  Run();

  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(waits.result->error().retry_after, seconds(60));
  EXPECT_FALSE(waits.progress.sent_at);
}

TEST_F(ForbiddenMeanwhileTest, M71_AFailureThatForbidsNothingLetsTheWaitGoOn) {
  const ManyFetches::One& waits = Start(waiting_);
  Advance(seconds(2));
  other_upstream_.FailWith(ErrorKind::kUnreachable);
  Run();
  EXPECT_FALSE(waits.result);

  hung_upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_TRUE(waits.progress.sent_at);
}

TEST_F(ForbiddenMeanwhileTest, M71_WhoHasLeftTheWaitIsNotEndedAnyMore) {
  const ManyFetches::One& waits = Start(waiting_, clock_.SteadyNow() + seconds(3));
  ManyFetches::One& gone = Start(waiting_);
  Advance(seconds(2));
  gone.cancel.emit(boost::asio::cancellation_type::terminal);
  Advance(seconds(1));
  ASSERT_TRUE(waits.result);
  EXPECT_TRUE(gone.is_cancelled);

  other_upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();

  EXPECT_TRUE(waits.result->error().is_local);
}

// Logins at a host with room for one exchange, to which no connection can be made.
class HostDownMeanwhileTest : public FetchingTest {
 protected:
  class Login {
   public:
    explicit Login(HostDownMeanwhileTest& test)
        : upstream(test.clock_),
          source(
              std::make_unique<BreakerSource>(
                  upstream.MakeSource(),
                  std::make_shared<LoginBreaker>(test.breaker_, [] { return 0.5; }), test.clock_),
              std::make_shared<Pacer>(test.loop_.get_executor(), test.clock_,
                                      RateSettings{100, 10}),
              test.clock_, test.host_) {}

    FakeUpstream upstream;
    PacedSource source;
  };

  ManyFetches::One& Start(Login& login, bool urgent = true) {
    ManyFetches::One& one = fetches_.Start(login.source, SteadyTime::max(), urgent);
    Run();
    return one;
  }
  void Refuse(Login& login) {
    Error error{ErrorKind::kUnreachable, "refused"};
    error.is_connect_failure = true;
    login.upstream.FailWith(error);
    Run();
  }

  const std::shared_ptr<HostBreaker> breaker_ = std::make_shared<HostBreaker>([] { return 0.5; });
  const std::shared_ptr<HostSlots> host_ = std::make_shared<HostSlots>(
      std::make_shared<ConnectionSlots>(loop_.get_executor(), clock_, ConnectionLimits{2}));
  ManyFetches fetches_{loop_};
};

TEST_F(HostDownMeanwhileTest, M71_AHostThatGoesDownEndsTheWaitsOfThoseWhoHaveMetIt) {
  Login met(*this);
  Start(met);
  Refuse(met);
  std::deque<Login> others;
  for (int i = 0; i < 6; ++i) Start(others.emplace_back(*this));
  const ManyFetches::One& waits = Start(met, false);
  // One after the other has the connection. The last has not met the trouble, so it goes.
  for (int i = 0; i < 3; ++i) Refuse(others[static_cast<std::size_t>(i)]);
  EXPECT_FALSE(waits.result);
  Refuse(others[3]);

  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(waits.result->error().retry_after, seconds(5));
  EXPECT_FALSE(waits.result->error().is_local);
  EXPECT_EQ(met.upstream.requests(), 1);
  EXPECT_TRUE(others[4].upstream.IsWaiting());
  for (const std::size_t i : {4U, 5U}) Refuse(others[i]);
}

TEST_F(PacedConnectionTest, ARefreshAheadOfTimeLeavesTheLastConnectionsAlone) {
  EXPECT_FALSE(source_.Outlook().has_spare && host_->in_use() > 0);
  Start(hung_);

  EXPECT_FALSE(source_.Outlook().has_spare);
}

}  // namespace
}  // namespace balance
