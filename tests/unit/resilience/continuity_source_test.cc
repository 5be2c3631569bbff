#include "clients/resilience/continuity_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "clients/core/time_text.h"
#include "clients/resilience/paced_source.h"
#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
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

  // A row of cash for each currency.
  static Reading Of(const std::vector<std::pair<std::string, std::string>>& rows) {
    Reading reading;
    for (const auto& [currency, cash] : rows) {
      reading.balances.push_back(Of(cash).balances.front());
      reading.balances.back().currency_code = currency;
    }
    return reading;
  }

  // Details of the reading's warnings.
  std::vector<std::string> Details() const {
    std::vector<std::string> details;
    if (!result_ || !*result_) return details;
    for (const Warning& warning : (*result_)->warnings) details.push_back(warning.detail);
    return details;
  }

  // The reading that the fetch gave, as `currency cash` for each row.
  std::string Rows() const {
    if (!result_) return "no answer";
    if (!*result_) return "an error";
    std::string rows;
    for (const CurrencyBalance& row : (*result_)->balances) {
      rows += (rows.empty() ? "" : ", ") + row.currency_code + " " +
              (row.cash ? row.cash->value.ToString() : "unset");
    }
    return rows;
  }

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

TEST_F(ContinuitySourceTest, M92_ARowThatFlickersToZeroIsNotShown) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Of({{"USD", "0.00"}, {"USDC", "50"}}));
  EXPECT_EQ(Rows(), "no answer");
  Advance(kPause);
  Answer(Of({{"USD", "101"}, {"USDC", "50"}}));

  EXPECT_EQ(Rows(), "USD 101, USDC 50");
  EXPECT_THAT(Warnings(), ElementsAre(WarningKind::kSuddenZero));
  EXPECT_THAT(Details(), ElementsAre(AllOf(HasSubstr("an answer reported no money in USD; "),
                                           HasSubstr("did not confirm it."))));
}

TEST_F(ContinuitySourceTest, M92_ARowThatVanishesForOnceIsNotMissed) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Of({{"USD", "100"}}));
  EXPECT_EQ(Rows(), "no answer");
  Advance(kPause);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));

  EXPECT_EQ(Rows(), "USD 100, USDC 50");
  EXPECT_THAT(Details(), ElementsAre(HasSubstr("reported no money in USDC; ")));
}

TEST_F(ContinuitySourceTest, M92_ARowThatStaysAwayIsBelievedTheSecondTime) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Of({{"USD", "100"}}));
  Advance(kPause);
  Answer(Of({{"USD", "100"}}));
  EXPECT_EQ(Rows(), "USD 100");
  EXPECT_THAT(Details(), ElementsAre(HasSubstr("no balance was reported in USDC any more")));

  // It is news no longer.
  const int requests = upstream_.requests();
  Fetch(source_);
  Answer(Of({{"USD", "100"}}));
  EXPECT_EQ(upstream_.requests(), requests + 1);
}

TEST_F(ContinuitySourceTest, M92_OneRowFlickersWhileAnotherReallyGoesToZero) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Of({{"USD", "0"}, {"USDC", "0"}}));
  Advance(kPause);
  Answer(Of({{"USD", "100"}, {"USDC", "0"}}));

  EXPECT_EQ(Rows(), "USD 100, USDC 0");
  EXPECT_THAT(Details(), ElementsAre(HasSubstr("an answer reported no money in USD; "),
                                     HasSubstr("every amount reported in USDC was zero")));
}

TEST_F(ContinuitySourceTest, M92_AZeroInTheConfirmingAnswerIsAskedForAgain) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Of({{"USD", "0"}, {"USDC", "50"}}));
  Advance(kPause);
  Answer(Of({{"USD", "100"}, {"USDC", "0"}}));
  EXPECT_EQ(Rows(), "no answer");
  Advance(kPause);
  Answer(Of({{"USD", "100"}, {"USDC", "0"}}));

  EXPECT_EQ(Rows(), "USD 100, USDC 0");
  EXPECT_THAT(Details(), ElementsAre(HasSubstr("an answer reported no money in USD; "),
                                     HasSubstr("every amount reported in USDC was zero")));
}

TEST_F(ContinuitySourceTest, M92_RowsThatFlickerByTurnsEndTheFetch) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_, seconds(60));
  for (int i = 0; i <= ContinuitySource::kMostQuestions; ++i) {
    Answer(Of({{i % 2 == 0 ? "USD" : "USDC", "1"}}));
    Advance(kPause);
  }

  EXPECT_EQ(Rows(), "an error");
  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
  EXPECT_EQ(upstream_.requests(), 2 + ContinuitySource::kMostQuestions);
}

TEST_F(ContinuitySourceTest, M92_TheGuardOfARowSurvivesAReload) {
  ContinuitySource after(upstream_.MakeSource(), kPause, clock_,
                         Of({{"USD", "100"}, {"USDC", "50"}}).balances);
  Fetch(after);
  Answer(Of({{"USD", "100"}}));

  EXPECT_EQ(Rows(), "no answer");
}

// Both are one answer, kept on the way.
TEST_F(ContinuitySourceTest, M92_AnAnswerThatIsAsOldAsTheFirstConfirmsNothing) {
  FetchOnce("5");
  const SteadyTime observed = clock_.SteadyNow();
  FetchOnce("0");
  for (int i = 0; i < ContinuitySource::kMostQuestions; ++i) {
    Advance(kPause);
    Reading same = Of("0");
    same.observe_steady = observed;
    upstream_.AnswerWith(std::move(same));
    Run();
  }

  EXPECT_EQ(Rows(), "an error");
}

TEST_F(ContinuitySourceTest, M92_AnOlderAnswerOutOfACacheChangesNothing) {
  FetchOnce("5");
  const SteadyTime before = clock_.SteadyNow() - seconds(1);
  for (int i = 0; i < 2; ++i) {
    Advance(kPause);
    Reading old = Of("0");
    old.observe_steady = before + i * kPause / 2;
    Fetch(source_);
    upstream_.AnswerWith(std::move(old));
    Run();
    EXPECT_EQ(Rows(), "USD 0");
  }
  Advance(kPause);
  FetchOnce("0");

  EXPECT_EQ(Rows(), "no answer");
}

TEST_F(ContinuitySourceTest, M93_AmountsThatAreNotReportedAreNeitherZeroNorGone) {
  FetchOnce("100");
  Reading silent = Of("1");
  silent.balances.front().cash.reset();
  silent.balances.front().available_to_trade.reset();
  Fetch(source_);
  Answer(silent);
  EXPECT_EQ(Rows(), "USD unset");
  EXPECT_THAT(Warnings(), IsEmpty());

  // What was last reported is remembered.
  FetchOnce("0");
  EXPECT_EQ(Rows(), "no answer");
}

TEST_F(ContinuitySourceTest, M93_ARowWithoutAnythingIsNoZeroInTheCurrencyThatIsGone) {
  FetchOnce("100");
  Reading empty_row;
  empty_row.balances.emplace_back();
  Fetch(source_);
  Answer(empty_row);
  Advance(kPause);
  Answer(empty_row);

  EXPECT_EQ(Rows(), " unset");
  EXPECT_THAT(Details(), ElementsAre(HasSubstr("no balance was reported in USD any more")));
}

TEST_F(ContinuitySourceTest, M97_TheWarningSpeaksOfTheReadingThatItIsAbout) {
  FetchOnce("100.25");
  FetchOnce("0");
  Advance(kPause);
  const std::string when = UtcText(clock_.WallNow());
  Answer(Of("0"));
  const std::vector<std::string> details = Details();
  EXPECT_THAT(details, ElementsAre(AllOf(HasSubstr("At " + when + " every amount"),
                                         HasSubstr(" in USD was zero"))));

  Advance(seconds(2));
  FetchOnce("90.00");
  EXPECT_EQ(Rows(), "USD 90.00");
  EXPECT_EQ(Details(), details);
}

TEST_F(ContinuitySourceTest, M97_SoDoesTheOneOfASimulatorSetBack) {
  Fetch(source_);
  Answer(Simulated("8612.45", "9688.80", "10000.00"));
  Fetch(source_);
  const std::string when = UtcText(clock_.WallNow());
  Answer(Simulated("10000.00", "10000.00", "10000.00"));
  const std::vector<std::string> details = Details();
  Advance(seconds(5));
  Fetch(source_);
  Answer(Simulated("9000.00", "9990.00", "10000.00"));

  EXPECT_THAT(details, ElementsAre(HasSubstr("At " + when + " the simulator")));
  EXPECT_EQ(Details(), details);
}

TEST_F(ContinuitySourceTest, AllThatIsFoundOutAtOnceIsOneWarning) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  Fetch(source_);
  Answer(Reading());
  Advance(kPause);
  Answer(Reading());

  EXPECT_THAT(Details(), ElementsAre(HasSubstr("reported in USD, USDC any more")));
}

TEST_F(ContinuitySourceTest, EachCurrencyHasItsOwnMinute) {
  Fetch(source_);
  Answer(Of({{"USD", "100"}, {"USDC", "50"}}));
  for (const std::string usdc : {"50", "0"}) {
    Fetch(source_);
    Answer(Of({{"USD", "0"}, {"USDC", usdc}}));
    Advance(kPause);
    Answer(Of({{"USD", "0"}, {"USDC", usdc}}));
    Advance(seconds(40));
  }
  Fetch(source_);
  Answer(Of({{"USD", "0"}, {"USDC", "0"}}));

  EXPECT_THAT(Details(), ElementsAre(HasSubstr(" in USDC was zero")));
}

TEST_F(ContinuitySourceTest, TextThatIsNoCurrencyIsNotRepeated) {
  Reading odd = Of({{"evil text", "1"}});
  odd.balances.front().is_currency_unrecognized = true;
  Fetch(source_);
  Answer(odd);
  Fetch(source_);
  Answer(Reading());
  Advance(kPause);
  Answer(Reading());

  EXPECT_THAT(Details(), ElementsAre(HasSubstr("in an unrecognized currency any more")));
}

Amount AmountOf(const std::string& text) {
  return {*Decimal::Parse(text), AmountOrigin::kReported, "test"};
}

TEST(IsBaselineJumpTest, ALiveAccountWithoutABaselineNeverJumps) {
  CurrencyBalance before;
  before.cash = AmountOf("5");
  CurrencyBalance after;
  after.cash = AmountOf("10000");

  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after}));
  EXPECT_FALSE(IsBaselineJump(BaselineOf({}), {after}));
  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after, after}));
}

TEST(IsBaselineJumpTest, TheSameMoneyWrittenOtherwiseIsNoJump) {
  CurrencyBalance before;
  before.cash = before.equity = before.starting_capital = AmountOf("10000.00");
  CurrencyBalance after;
  after.cash = after.equity = after.starting_capital = AmountOf("10000");

  EXPECT_FALSE(IsBaselineJump(BaselineOf({before}), {after}));
}

TEST_F(ContinuitySourceTest, WhatComesUnaskedIsJudgedLikeWhatIsFetched) {
  std::vector<std::optional<Reading>> told;
  source_.Listen([&](std::optional<Reading> reading) { told.push_back(std::move(reading)); });
  const auto tell = [&](const std::string& cash) {
    upstream_.Tell(MakeReading(cash, clock_.WallNow(), clock_.SteadyNow()));
  };
  FetchOnce("100");
  clock_.Advance(seconds(1));

  tell("90");
  clock_.Advance(seconds(1));
  tell("0");
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0]);
  EXPECT_FALSE(told[1]);
  // One more that says so confirms it.
  clock_.Advance(kPause);
  tell("0");
  ASSERT_EQ(told.size(), 3U);
  ASSERT_TRUE(told[2]);
  ASSERT_EQ(told[2]->warnings.size(), 1U);
  EXPECT_EQ(told[2]->warnings[0].kind, WarningKind::kSuddenZero);
  // It is known by now.
  upstream_.Tell(*told[2]);
  EXPECT_EQ(told.size(), 3U);
}

}  // namespace
}  // namespace balance
