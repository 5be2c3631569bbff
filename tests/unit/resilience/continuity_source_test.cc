#include "clients/resilience/continuity_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "clients/resilience/paced_source.h"
#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class ContinuitySourceTest : public FetchingTest {
 protected:
  void Answer(Reading reading) {
    ASSERT_TRUE(upstream_.IsWaiting());
    reading.observe_time = clock_.WallNow();
    reading.observe_steady = clock_.SteadyNow();
    upstream_.AnswerWith(std::move(reading));
    Run();
  }

  void FetchOnce(const std::string& cash) {
    Fetch(source_);
    Answer(Of(cash));
  }

  // There is no time to ask again.
  void FetchZeroInHaste() {
    Fetch(source_, kPause - milliseconds(100));
    Answer(Of("0"));
  }

  static Reading Of(const std::string& cash) { return MakeReading(cash, {}, {}); }

  // Of a simulator.
  static Reading Simulated(const std::string& cash, const std::string& total,
                           const std::string& start) {
    Reading reading = Of(cash);
    CurrencyBalance& row = reading.balances.front();
    row.equity = Amount{*Decimal::Parse(total), AmountOrigin::kReported, "total_value"};
    row.starting_capital =
        Amount{*Decimal::Parse(start), AmountOrigin::kReported, "starting_balance"};
    return reading;
  }

  std::vector<WarningKind> Warnings() const {
    std::vector<WarningKind> kinds;
    if (!result_ || !*result_) return kinds;
    for (const Warning& warning : (*result_)->warnings) kinds.push_back(warning.kind);
    return kinds;
  }

  std::string Cash() const {
    if (!result_ || !*result_) return "no reading";
    const auto& balances = (*result_)->balances;
    return balances.empty() ? "nothing" : balances.front().cash->value.ToString();
  }

  static constexpr Duration kPause = milliseconds(500);
  ContinuitySource source_{upstream_.MakeSource(), kPause, clock_};
};

TEST_F(ContinuitySourceTest, OrdinaryChangesPass) {
  FetchOnce("5");
  FetchOnce("0.01");

  EXPECT_EQ(Cash(), "0.01");
  EXPECT_THAT(Warnings(), IsEmpty());
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(ContinuitySourceTest, AnEmptyFirstReadingIsNoSurprise) {
  Fetch(source_);
  Answer(Reading());

  EXPECT_EQ(Cash(), "nothing");
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(ContinuitySourceTest, ASuddenZeroIsBelievedTheSecondTime) {
  FetchOnce("5");
  FetchOnce("0.00");
  EXPECT_FALSE(result_);
  Advance(kPause);
  Answer(Reading());

  EXPECT_EQ(Cash(), "nothing");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
}

TEST_F(ContinuitySourceTest, AZeroThatIsNotConfirmedIsReplacedByTheNewerReading) {
  FetchOnce("5");
  FetchOnce("0");
  Advance(kPause);
  Answer(Of("6"));

  EXPECT_EQ(Cash(), "6");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
}

TEST_F(ContinuitySourceTest, WithoutAConfirmationNothingIsKept) {
  FetchOnce("5");
  FetchOnce("0");
  Advance(kPause);
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
}

TEST_F(ContinuitySourceTest, WithoutTimeToAskAgainTheFetchFails) {
  FetchOnce("5");
  FetchZeroInHaste();

  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(ContinuitySourceTest, AZeroThatCouldNotBeConfirmedIsConfirmedByALaterFetch) {
  FetchOnce("5");
  FetchZeroInHaste();
  Advance(kPause);
  FetchZeroInHaste();

  EXPECT_EQ(Cash(), "0");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
  EXPECT_EQ(upstream_.requests(), 3);
}

TEST_F(ContinuitySourceTest, AZeroThatCouldNotBeConfirmedIsReplacedByALaterReading) {
  FetchOnce("5");
  FetchZeroInHaste();
  Advance(kPause);
  FetchOnce("6");

  EXPECT_EQ(Cash(), "6");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
}

TEST_F(ContinuitySourceTest, AZeroThatFollowsTooSoonConfirmsNothing) {
  FetchOnce("5");
  FetchZeroInHaste();
  Advance(kPause - Duration(1));
  FetchZeroInHaste();

  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(ContinuitySourceTest, AZeroAfterTheMoneyCameBackIsANewSurprise) {
  FetchOnce("5");
  FetchZeroInHaste();
  Advance(kPause);
  FetchOnce("6");
  Advance(kPause);
  FetchZeroInHaste();

  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(ContinuitySourceTest, WithoutAPauseAZeroIsStillAskedForTwice) {
  ContinuitySource source(upstream_.MakeSource(), Duration(), clock_, Of("5").balances);
  Fetch(source);
  Answer(Of("0"));
  EXPECT_FALSE(result_);
  Answer(Of("0"));

  EXPECT_EQ(Cash(), "0");
}

TEST_F(ContinuitySourceTest, ARateThatLeavesNoTurnToAskAgainOnlyDelaysTheZero) {
  const auto pacer = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.2, 1});
  ContinuitySource source(std::make_unique<PacedSource>(upstream_.MakeSource(), pacer, clock_),
                          kPause, clock_, Of("5").balances);
  Fetch(source, seconds(5));
  Answer(Of("0"));
  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
  Advance(seconds(6));
  Fetch(source, seconds(5));
  Answer(Of("0"));

  EXPECT_EQ(Cash(), "0");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
}

// The turn that there was is gone by the time it is wanted.
TEST_F(ContinuitySourceTest, ATurnThatIsLostMeanwhileOnlyDelaysTheZero) {
  const auto pacer = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.5, 2});
  ContinuitySource source(std::make_unique<PacedSource>(upstream_.MakeSource(), pacer, clock_),
                          kPause, clock_, Of("5").balances);
  Fetch(source, seconds(2));
  Answer(Of("0"));
  EXPECT_FALSE(result_);
  pacer->OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(3)});
  Advance(kPause);

  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(ContinuitySourceTest, StayingAtZeroIsNoNews) {
  FetchOnce("0");
  FetchOnce("0");

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(ContinuitySourceTest, TheWarningStaysForAMinute) {
  FetchOnce("5");
  FetchOnce("0");
  Advance(kPause);
  Answer(Of("0"));
  Advance(seconds(59));
  FetchOnce("0");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
  Advance(seconds(1));
  FetchOnce("0");

  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(ContinuitySourceTest, ASimulatorSetBackToItsStartWarns) {
  Fetch(source_);
  Answer(Simulated("8612.45", "9688.80", "10000.00"));
  Fetch(source_);
  Answer(Simulated("10000.00", "10000.00", "10000.00"));

  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kBaselineJump));
}

TEST_F(ContinuitySourceTest, AnotherBaselineWarns) {
  Fetch(source_);
  Answer(Simulated("8612.45", "9688.80", "10000.00"));
  Fetch(source_);
  Answer(Simulated("23612.45", "24688.80", "25000.00"));

  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kBaselineJump));
}

TEST_F(ContinuitySourceTest, TradingIsNoJump) {
  Fetch(source_);
  Answer(Simulated("8612.45", "9688.80", "10000.00"));
  Fetch(source_);
  Answer(Simulated("9000.00", "9700.10", "10000.00"));

  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(ContinuitySourceTest, AnotherJumpStartsTheMinuteAnew) {
  FetchOnce("5");
  FetchOnce("0");
  Advance(kPause);
  Answer(Of("6"));
  Advance(seconds(50));
  FetchOnce("0");
  Advance(kPause);
  Answer(Of("7"));
  Advance(seconds(59));
  FetchOnce("7");

  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
}

TEST_F(ContinuitySourceTest, AFailureBetweenIsNoReading) {
  FetchOnce("5");
  Fetch(source_);
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();
  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
  FetchOnce("0");

  EXPECT_FALSE(result_);
}

TEST_F(ContinuitySourceTest, TheSecondReadingKeepsWhatItsOwnAnswerWarnsOf) {
  FetchOnce("5");
  FetchOnce("0");
  Advance(kPause);
  Reading second = Of("0");
  second.warnings.push_back({WarningKind::kLegacyKey, "old"});
  Answer(std::move(second));

  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kLegacyKey, WarningKind::kSuddenZero));
}

TEST_F(ContinuitySourceTest, TheBaselineWarningStaysForAMinute) {
  FetchOnce("5");
  Fetch(source_);
  Answer(Simulated("8612.45", "9688.80", "10000.00"));
  Fetch(source_);
  Answer(Simulated("10000.00", "10000.00", "10000.00"));
  Advance(seconds(59));
  Fetch(source_);
  Answer(Simulated("9990.00", "10000.00", "10000.00"));
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kBaselineJump));
  Advance(seconds(1));
  Fetch(source_);
  Answer(Simulated("9980.00", "9999.00", "10000.00"));

  EXPECT_THAT(Warnings(), IsEmpty());
}

Amount Of(const std::string& text) {
  return {*Decimal::Parse(text), AmountOrigin::kReported, "test"};
}

TEST(HoldsMoneyTest, AnyFigureThatIsNotZeroIsMoney) {
  for (const auto field :
       {&CurrencyBalance::cash, &CurrencyBalance::equity, &CurrencyBalance::position_value,
        &CurrencyBalance::open_orders, &CurrencyBalance::unsettled, &CurrencyBalance::reserved}) {
    CurrencyBalance row;
    row.*field = Of("0.000");
    EXPECT_FALSE(HoldsMoney({row}));
    row.*field = Of("-0.001");
    EXPECT_TRUE(HoldsMoney({CurrencyBalance(), row}));
  }
}

TEST(HoldsMoneyTest, AWithdrawalOnItsWayIsMoney) {
  CurrencyBalance row;
  row.cash = Of("0");
  row.pending_withdrawals.emplace_back();

  EXPECT_TRUE(HoldsMoney({row}));
}

TEST(HoldsMoneyTest, WhatASimulatorStartedWithIsNot) {
  CurrencyBalance row;
  row.cash = Of("0");
  row.starting_capital = Of("10000");
  row.total_pnl = Of("-10000");

  EXPECT_FALSE(HoldsMoney({row}));
  EXPECT_FALSE(HoldsMoney({}));
}

TEST(IsBaselineJumpTest, ALiveAccountWithoutABaselineNeverJumps) {
  CurrencyBalance before;
  before.cash = Of("5");
  CurrencyBalance after;
  after.cash = Of("10000");

  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after}));
  EXPECT_FALSE(IsBaselineJump(BaselineOf({}), {after}));
  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after, after}));
}

TEST(IsBaselineJumpTest, TheSameMoneyWrittenOtherwiseIsNoJump) {
  CurrencyBalance before;
  before.cash = before.equity = before.starting_capital = Of("10000.00");
  CurrencyBalance after;
  after.cash = after.equity = after.starting_capital = Of("10000");

  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after}));
}

}  // namespace
}  // namespace balance
