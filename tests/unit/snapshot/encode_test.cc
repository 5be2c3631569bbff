#include "service/snapshot/encode.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "google/rpc/error_details.pb.h"
#include "tests/support/views.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kSomeKind = polymarket_us::kKind;

v1::SourceBalance Encoded(const SourceView& view, EncodeView detail = EncodeView::kFull) {
  v1::SourceBalance out;
  EncodeSource(view, detail, out);
  return out;
}

SourceView WithDetails() {
  SourceView view = WithRow(MakeView("real", kSomeKind), "USD", "10.50");
  Reading reading = *view.reading;
  reading.balances.front().other_fields = {{"bonusHold", "0"}};
  reading.balances.front().pending_withdrawals.resize(1);
  reading.balances.front().pending_withdrawals.front().id = "wd-1";
  reading.warnings = {{WarningKind::kCurrencyMissing, "a row has no currency"}};
  reading.request_id = "req-1";
  view.reading = std::make_shared<const Reading>(std::move(reading));
  return view;
}

TEST(EncodeSourceTest, AnAmountCarriesValueOriginAndBasis) {
  const auto source = Encoded(WithDetails());

  const auto& row = source.balance_set().balances(0);
  EXPECT_EQ(row.currency_code(), "USD");
  EXPECT_EQ(row.cash().value(), "10.50");
  EXPECT_EQ(row.cash().origin(), v1::Amount::REPORTED);
  EXPECT_EQ(row.cash().basis(), "currentBalance");
  EXPECT_FALSE(row.has_equity());
}

// The list of money fields is the descriptor's: a field of either that the other one lacks is money
// that nobody sees.
TEST(MoneyFieldsTest, AreTheAmountsOfTheMessageInItsOrder) {
  std::vector<std::string> listed;
  for (const MoneyField& field : kMoneyFields) listed.emplace_back(field.name);
  std::vector<std::string> described;
  const auto& descriptor = *v1::CurrencyBalance::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->message_type() == v1::Amount::descriptor()) {
      described.push_back(descriptor.field(i)->name());
    }
  }

  EXPECT_EQ(listed, described);
}

TEST(MoneyFieldsTest, EachIsEncodedIntoTheFieldOfItsName) {
  for (const MoneyField& field : kMoneyFields) {
    SourceView view = MakeView("real", kSomeKind);
    Reading reading = *view.reading;
    reading.balances.emplace_back().*(field.place) =
        Amount{*Decimal::Parse("7.50"), AmountOrigin::kReported, "upstream"};
    view.reading = std::make_shared<const Reading>(std::move(reading));

    const v1::SourceBalance source = Encoded(view);

    const v1::CurrencyBalance& row = source.balance_set().balances(0);
    std::vector<const google::protobuf::FieldDescriptor*> set;
    row.GetReflection()->ListFields(row, &set);
    ASSERT_EQ(set.size(), 1U) << field.name;
    EXPECT_EQ(set.front()->name(), field.name);
    const auto& amount =
        dynamic_cast<const v1::Amount&>(row.GetReflection()->GetMessage(row, set.front()));
    EXPECT_EQ(amount.value(), "7.50");
  }
}

TEST(EncodeSourceTest, NothingKnownHasNeitherBalancesNorFreshness) {
  const auto source = Encoded(WithState(MakeView("real", kSomeKind), SourceState::kNoData));

  EXPECT_EQ(source.state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_FALSE(source.has_balance_set());
  EXPECT_FALSE(source.has_freshness());
}

TEST(EncodeSourceTest, HoldingNothingIsSetAndEmpty) {
  const auto source = Encoded(MakeView("real", kSomeKind));

  EXPECT_TRUE(source.has_balance_set());
  EXPECT_EQ(source.balance_set().balances_size(), 0);
  EXPECT_TRUE(source.has_freshness());
}

TEST(EncodeSourceTest, BasicViewLeavesOutWithdrawalsAndOtherFields) {
  const auto basic = Encoded(WithDetails(), EncodeView::kBasic);
  const auto full = Encoded(WithDetails(), EncodeView::kFull);

  EXPECT_EQ(basic.balance_set().balances(0).pending_withdrawals_size(), 0);
  EXPECT_EQ(basic.balance_set().balances(0).other_fields_size(), 0);
  EXPECT_EQ(full.balance_set().balances(0).pending_withdrawals(0).id(), "wd-1");
  EXPECT_EQ(full.balance_set().balances(0).other_fields().at("bonusHold"), "0");
  EXPECT_EQ(basic.warnings(0).reason(), "CURRENCY_MISSING");
}

TEST(EncodeSourceTest, FreshUntilIsTheObserveTimePlusTheTtl) {
  const auto source = Encoded(ObservedAt(MakeView("real", kSomeKind), seconds(100)));

  EXPECT_EQ(source.freshness().observe_time().seconds(), 100);
  EXPECT_EQ(source.freshness().fresh_until().seconds(), 102);
}

TEST(EncodeSourceTest, FailureStandsBesideStaleData) {
  SourceView view = WithState(WithDetails(), SourceState::kStale);
  auto failure = std::make_shared<SourceFailure>();
  failure->error = {ErrorKind::kRateLimited, "slow down", seconds(7), "secret upstream text"};
  failure->consecutive_failures = 3;
  view.failure = failure;

  const auto source = Encoded(view);

  EXPECT_TRUE(source.has_balance_set());
  EXPECT_EQ(source.failure().consecutive_failures(), 3);
  EXPECT_EQ(source.failure().status().code(), 14);
  EXPECT_EQ(source.DebugString().find("secret upstream text"), std::string::npos);
}

TEST(EncodeSourceTest, TheRetryDelayIsThatOfTheAnswer) {
  SourceView view = WithState(MakeView("real", kSomeKind), SourceState::kNoData);
  auto failure = std::make_shared<SourceFailure>();
  failure->error = {ErrorKind::kRateLimited, "slow down"};
  view.failure = failure;
  EXPECT_EQ(Encoded(view).failure().status().details_size(), 1);
  view.retry_after = seconds(7);

  google::rpc::RetryInfo retry;
  const auto source = Encoded(view);
  ASSERT_EQ(source.failure().status().details_size(), 2);
  ASSERT_TRUE(source.failure().status().details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 7);
}

TEST(ToRpcStatusTest, CarriesErrorInfoAndRetryInfo) {
  const auto status = ToRpcStatus({ErrorKind::kUnreachable, "no answer", milliseconds(1500), {}},
                                  {{"source", "accounts/a/sources/b"}});

  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  ASSERT_EQ(status.details_size(), 2);
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  ASSERT_TRUE(status.details(1).UnpackTo(&retry));
  EXPECT_EQ(info.reason(), "SOURCE_UNREACHABLE");
  EXPECT_EQ(info.domain(), "balance.v1");
  EXPECT_EQ(info.metadata().at("source"), "accounts/a/sources/b");
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(ToRpcStatusTest, NoRetryIsPromisedWhereNoneHelps) {
  const auto status = ToRpcStatus({ErrorKind::kCredentialsRejected, "bad key", seconds(1), {}}, {});

  EXPECT_EQ(status.details_size(), 1);
}

TEST(ToTimestampTest, TimesBeforeTheEpochKeepNanosPositive) {
  const auto timestamp = ToTimestamp(WallTime(milliseconds(-1)));

  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999'000'000);
}

TEST(EncodeSnapshotTest, NamesStatesAndTotalsAreThere) {
  const std::vector<SourceView> views = {
      ObservedAt(WithRow(MakeView("real", kSomeKind), "USD", "10.50"), seconds(5)),
      WithState(MakeView("paper", polysimulator::kKind), SourceState::kNoData)};

  v1::AccountSnapshot snapshot;
  EncodeSnapshot("desk-1", views, {"e", 4}, EncodeView::kFull, snapshot);

  EXPECT_EQ(snapshot.name(), "accounts/desk-1");
  EXPECT_EQ(snapshot.sources(1).name(), "accounts/desk-1/sources/paper");
  EXPECT_EQ(snapshot.totals(0).total().value(), "10.50");
  EXPECT_EQ(snapshot.totals(0).total().basis(), "sum");
  EXPECT_EQ(snapshot.totals(0).total().origin(), v1::Amount::DERIVED);
  EXPECT_EQ(snapshot.totals(2).missing_sources(0), "accounts/desk-1/sources/paper");
  EXPECT_EQ(snapshot.completeness().missing(), 1);
  EXPECT_FALSE(snapshot.completeness().complete());
  EXPECT_FALSE(snapshot.has_oldest_observe_time());
  EXPECT_FALSE(snapshot.has_serve_time());
  EXPECT_EQ(snapshot.revision().number(), 4);
}

}  // namespace
}  // namespace balance
