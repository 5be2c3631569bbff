// M71: what hangs holds a part of the connections, never all of them.

#include "clients/resilience/connection_slots.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <vector>

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

TEST_F(PacedConnectionTest, ARefreshAheadOfTimeLeavesTheLastConnectionsAlone) {
  EXPECT_FALSE(source_.Outlook().has_spare && host_->in_use() > 0);
  Start(hung_);

  EXPECT_FALSE(source_.Outlook().has_spare);
}

}  // namespace
}  // namespace balance
