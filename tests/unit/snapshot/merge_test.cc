#include "service/snapshot/merge.h"

#include <gmock/gmock.h>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "tests/support/views.h"

namespace balance {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kReal = polymarket_us::kKind;
constexpr auto kPaper = polysimulator::kKind;

// The total of one class, currency and measure; fails the test if there is none.
MeasureTotal TotalOf(const std::vector<SourceView>& views, FundClass fund_class,
                     const std::string& currency, Measure measure) {
  for (MeasureTotal& total : MergeTotals(views)) {
    if (total.fund_class == fund_class && total.currency_code == currency &&
        total.measure == measure) {
      return total;
    }
  }
  ADD_FAILURE() << "no such total";
  return {};
}

MeasureTotal RealCash(const std::vector<SourceView>& views) {
  return TotalOf(views, FundClass::kRealMoney, "USD", Measure::kCash);
}

std::string Text(const std::optional<Decimal>& value) {
  return value ? value->ToString() : "unset";
}

TEST(MergeTotalsTest, RealAndSimulatedMoneyAreNeverAdded) {
  const std::vector<SourceView> views = {
      WithRow(MakeView("real", kReal), "USD", "100.5", "90"),
      WithRow(MakeView("paper", kPaper), "USD", "10000.00", "10000.00", "10001.00")};

  EXPECT_EQ(Text(RealCash(views).total), "100.5");
  EXPECT_EQ(Text(TotalOf(views, FundClass::kSimulatedMoney, "USD", Measure::kCash).total),
            "10000.00");
}

TEST(MergeTotalsTest, SumIsExactAndKeepsTheLargerScale) {
  const std::vector<SourceView> views = {
      WithRow(MakeView("a", kReal), "USD", "9007199254740993.07"),
      WithRow(MakeView("b", kReal), "USD", "0.0001")};

  EXPECT_EQ(Text(RealCash(views).total), "9007199254740993.0701");
}

TEST(MergeTotalsTest, AMissingSourceLeavesTheTotalUnsetAndTellsWhatIsKnown) {
  const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), "USD", "5"),
                                         WithState(MakeView("b", kReal), SourceState::kNoData)};

  const MeasureTotal total = RealCash(views);

  EXPECT_EQ(Text(total.total), "unset");
  EXPECT_EQ(Text(total.known_subtotal), "5");
  EXPECT_THAT(total.counted_sources, ElementsAre(0));
  EXPECT_THAT(total.missing_sources, ElementsAre(1));
}

TEST(MergeTotalsTest, NothingKnownHasNoSubtotal) {
  const MeasureTotal total = RealCash({WithState(MakeView("a", kReal), SourceState::kNoData)});

  EXPECT_EQ(Text(total.total), "unset");
  EXPECT_EQ(Text(total.known_subtotal), "unset");
  EXPECT_FALSE(total.oldest_observe_time);
}

TEST(MergeTotalsTest, ASourceThatWasNotRequestedIsMissing) {
  const std::vector<SourceView> views = {
      WithRow(MakeView("a", kReal), "USD", "5"),
      WithState(MakeView("b", kReal), SourceState::kNotRequested)};

  EXPECT_THAT(RealCash(views).missing_sources, ElementsAre(1));
}

TEST(MergeTotalsTest, AStaleSourceContributes) {
  const std::vector<SourceView> views = {
      WithState(WithRow(MakeView("a", kReal), "USD", "5"), SourceState::kStale)};

  EXPECT_EQ(Text(RealCash(views).total), "5");
}

TEST(MergeTotalsTest, AnEmptyBalanceSetContributesZero) {
  const MeasureTotal total = RealCash({MakeView("a", kReal)});

  EXPECT_EQ(Text(total.total), "0");
  EXPECT_THAT(total.counted_sources, ElementsAre(0));
}

TEST(MergeTotalsTest, ASourceWithoutARowInACurrencyContributesZeroToIt) {
  const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), "USDC", "3"),
                                         WithRow(MakeView("b", kReal), "USD", "5")};

  EXPECT_EQ(Text(TotalOf(views, FundClass::kRealMoney, "USDC", Measure::kCash).total), "3");
  EXPECT_EQ(Text(RealCash(views).total), "5");
}

TEST(MergeTotalsTest, ARowWithoutTheAmountMakesItsSourceMissing) {
  const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), "USD", "", "7")};

  EXPECT_THAT(RealCash(views).missing_sources, ElementsAre(0));
  EXPECT_EQ(Text(TotalOf(views, FundClass::kRealMoney, "USD", Measure::kAvailableToTrade).total),
            "7");
}

TEST(MergeTotalsTest, AnAmountWithoutACurrencyIsInNoTotal) {
  const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), "", "7")};

  EXPECT_THAT(RealCash(views).missing_sources, ElementsAre(0));
  EXPECT_THAT(RealCash(views).counted_sources, IsEmpty());
}

TEST(MergeTotalsTest, M93_ARowWithoutAmountsSetsNoTotal) {
  for (const std::string currency : {"USD", ""}) {
    const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), currency, "")};

    for (const Measure measure : {Measure::kCash, Measure::kAvailableToTrade}) {
      const MeasureTotal total = TotalOf(views, FundClass::kRealMoney, "USD", measure);
      EXPECT_EQ(Text(total.total), "unset");
      EXPECT_EQ(Text(total.known_subtotal), "unset");
      EXPECT_THAT(total.missing_sources, ElementsAre(0));
    }
  }
}

TEST(MergeTotalsTest, M91_ARowOfAnUnrecognizedCurrencyMissesInEveryTotalOfItsClass) {
  SourceView odd = WithRow(WithRow(MakeView("odd", kReal), "USD", "5"), "US$", "7", "7");
  Reading reading = *odd.reading;
  reading.balances.back().is_currency_unrecognized = true;
  odd.reading = std::make_shared<const Reading>(reading);
  odd.currencies = nullptr;
  const std::vector<SourceView> views = {odd, WithRow(MakeView("good", kReal), "USD", "3", "3"),
                                         WithRow(MakeView("usdc", kReal), "USDC", "2", "2"),
                                         WithRow(MakeView("paper", kPaper), "USD", "1", "1", "1")};

  for (const std::string currency : {"USD", "USDC"}) {
    const MeasureTotal total = TotalOf(views, FundClass::kRealMoney, currency, Measure::kCash);
    EXPECT_EQ(Text(total.total), "unset");
    EXPECT_THAT(total.missing_sources, ElementsAre(0));
    EXPECT_THAT(total.counted_sources, ElementsAre(1, 2));
  }
  EXPECT_EQ(Text(RealCash(views).known_subtotal), "3");
  EXPECT_EQ(Text(TotalOf(views, FundClass::kSimulatedMoney, "USD", Measure::kCash).total), "1");
  for (const MeasureTotal& total : MergeTotals(views)) EXPECT_NE(total.currency_code, "US$");
}

TEST(MergeTotalsTest, OnePoolIsCountedOnceByItsNewestReading) {
  const std::vector<SourceView> views = {
      WithPool(ObservedAt(WithRow(MakeView("old", kPaper), "USD", "1"), seconds(1)), "p"),
      WithPool(ObservedAt(WithRow(MakeView("new", kPaper), "USD", "2"), seconds(2)), "p")};

  const MeasureTotal total = TotalOf(views, FundClass::kSimulatedMoney, "USD", Measure::kCash);

  EXPECT_EQ(Text(total.total), "2");
  EXPECT_THAT(total.counted_sources, ElementsAre(1));
  EXPECT_THAT(total.missing_sources, IsEmpty());
}

TEST(MergeTotalsTest, APoolWithOneAnswerIsNotMissing) {
  const std::vector<SourceView> views = {
      WithPool(WithState(MakeView("down", kPaper), SourceState::kNoData), "p"),
      WithPool(WithRow(MakeView("up", kPaper), "USD", "2"), "p")};

  EXPECT_EQ(Text(TotalOf(views, FundClass::kSimulatedMoney, "USD", Measure::kCash).total), "2");
}

TEST(MergeTotalsTest, APoolWithoutAnAnswerMissesAllItsSources) {
  const std::vector<SourceView> views = {
      WithPool(WithState(MakeView("a", kPaper), SourceState::kNoData), "p"),
      WithPool(WithState(MakeView("b", kPaper), SourceState::kNoData), "p")};

  EXPECT_THAT(TotalOf(views, FundClass::kSimulatedMoney, "USD", Measure::kCash).missing_sources,
              ElementsAre(0, 1));
}

TEST(MergeTotalsTest, UsdHasItsRowsBeforeAnythingWasRead) {
  const auto totals = MergeTotals({WithState(MakeView("a", kReal), SourceState::kNoData),
                                   WithState(MakeView("b", kPaper), SourceState::kNoData)});

  ASSERT_EQ(totals.size(), 5U);
  EXPECT_EQ(totals[0].measure, Measure::kCash);
  EXPECT_EQ(totals[1].measure, Measure::kAvailableToTrade);
  EXPECT_EQ(totals[4].measure, Measure::kEquity);
  EXPECT_EQ(totals[4].fund_class, FundClass::kSimulatedMoney);
}

TEST(MergeTotalsTest, EquityHasNoRowWhereNoSourceCanReportIt) {
  for (const MeasureTotal& total : MergeTotals({WithRow(MakeView("a", kReal), "USD", "1")})) {
    EXPECT_NE(total.measure, Measure::kEquity);
  }
}

TEST(MergeTotalsTest, OldestObserveTimeIsThatOfTheCountedSources) {
  const std::vector<SourceView> views = {
      ObservedAt(WithRow(MakeView("a", kReal), "USD", "1"), seconds(7)),
      ObservedAt(WithRow(MakeView("b", kReal), "USD", "1"), seconds(5)),
      ObservedAt(WithRow(MakeView("c", kReal), "USD", ""), seconds(3))};

  EXPECT_EQ(RealCash(views).oldest_observe_time, WallTime(seconds(5)));
}

TEST(MergeTotalsTest, ASumThatOverflowsIsMissingNotWrong) {
  const std::string huge(Decimal::kMaxDigits, '9');
  const std::vector<SourceView> views = {WithRow(MakeView("a", kReal), "USD", huge),
                                         WithRow(MakeView("b", kReal), "USD", huge)};

  EXPECT_EQ(Text(RealCash(views).total), "unset");
  EXPECT_THAT(RealCash(views).missing_sources, ElementsAre(1));
}

TEST(CompletenessTest, CountsStatesAndLeavesOutWhatWasNotRequested) {
  const Completeness count =
      CountStates({MakeView("a", kReal), WithState(MakeView("b", kReal), SourceState::kStale),
                   WithState(MakeView("c", kReal), SourceState::kNoData),
                   WithState(MakeView("d", kReal), SourceState::kNotRequested)});

  EXPECT_EQ(count.configured, 4);
  EXPECT_EQ(count.fresh, 1);
  EXPECT_EQ(count.stale, 1);
  EXPECT_EQ(count.missing, 1);
  EXPECT_FALSE(count.IsComplete());
}

TEST(OldestObserveTimeTest, UnsetIfARequestedSourceHasNoData) {
  const SourceView known = ObservedAt(MakeView("a", kReal), seconds(4));

  EXPECT_EQ(OldestObserveTime({known}), WallTime(seconds(4)));
  EXPECT_EQ(OldestObserveTime({known, WithState(MakeView("b", kReal), SourceState::kNoData)}),
            std::nullopt);
  EXPECT_EQ(OldestObserveTime({known, WithState(MakeView("b", kReal), SourceState::kNotRequested)}),
            WallTime(seconds(4)));
}

TEST(SameContentTest, TimesAreNotContentValuesAre) {
  const SourceView view = WithRow(MakeView("a", kReal), "USD", "1.0");

  EXPECT_TRUE(HaveSameContent({view}, {ObservedAt(view, seconds(9))}));
  EXPECT_FALSE(HaveSameContent({view}, {WithRow(MakeView("a", kReal), "USD", "1.1")}));
  EXPECT_FALSE(HaveSameContent({view}, {WithState(view, SourceState::kStale)}));
}

}  // namespace
}  // namespace balance
