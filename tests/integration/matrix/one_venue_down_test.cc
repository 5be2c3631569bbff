// M63: one venue is gone, the other is there. What is missing is said, and never a zero.

#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Side;

class OneVenueDownTest : public MatrixTest, public testing::WithParamInterface<Side> {
 protected:
  void SetUp() override {
    Start();
    ProxyOf(GetParam()).Down();
  }

  static v1::GetAccountSnapshotRequest Requiring(v1::ReadPolicy::Require require) {
    v1::GetAccountSnapshotRequest request;
    request.mutable_policy()->set_require(require);
    return request;
  }

  static v1::FundClass ClassOf(Side side) {
    return side == Side::kPolymarket ? v1::REAL_MONEY : v1::SIMULATED_MONEY;
  }

  static Side Other(Side side) {
    return side == Side::kPolymarket ? Side::kPolysimulator : Side::kPolymarket;
  }
};

TEST_P(OneVenueDownTest, M63_AnyIsAPartialAnswerThatSaysSo) {
  v1::AccountSnapshot snapshot;

  const auto status = Get(Requiring(v1::ReadPolicy::ANY), snapshot);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(snapshot.completeness().configured(), 2);
  EXPECT_EQ(snapshot.completeness().fresh(), 1);
  EXPECT_EQ(snapshot.completeness().missing(), 1);
  EXPECT_FALSE(snapshot.completeness().complete());
  const auto& down = snapshot.sources(IndexOf(GetParam()));
  EXPECT_EQ(down.state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_FALSE(down.has_balance_set());
  EXPECT_FALSE(down.has_freshness());
  EXPECT_EQ(ReasonOf(down.failure()), "SOURCE_UNREACHABLE");
  const auto& up = snapshot.sources(IndexOf(Other(GetParam())));
  EXPECT_EQ(CashOf(up), GetParam() == Side::kPolymarket ? kPolysimCash : kPolymarketCash);
  EXPECT_FALSE(up.has_failure());
}

TEST_P(OneVenueDownTest, M63_TotalsOfTheMissingMoneyAreUnsetAndNotZero) {
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get(Requiring(v1::ReadPolicy::ANY), snapshot).ok());
  int rows_of_the_missing = 0;
  for (const v1::MeasureTotal& row : snapshot.totals()) {
    if (row.fund_class() == ClassOf(GetParam())) {
      ++rows_of_the_missing;
      EXPECT_FALSE(row.has_total());
      EXPECT_FALSE(row.has_known_subtotal());
      EXPECT_THAT(row.missing_sources(), testing::SizeIs(1));
    } else {
      EXPECT_TRUE(row.has_total());
      EXPECT_NE(row.total().value(), "0");
    }
  }

  EXPECT_GT(rows_of_the_missing, 0);
}

TEST_P(OneVenueDownTest, M63_AllIsAClearError) {
  v1::AccountSnapshot snapshot;

  const auto status = Get(Requiring(v1::ReadPolicy::ALL), snapshot);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "REQUIRED_SOURCES_MISSING");
  EXPECT_THAT(status.error_message(), testing::HasSubstr(IdOf(GetParam())));
  EXPECT_TRUE(snapshot.sources().empty());
}

TEST_P(OneVenueDownTest, M63_NamedAsksForTheVenueThatIsNeeded) {
  auto request = Requiring(v1::ReadPolicy::NAMED);
  v1::AccountSnapshot snapshot;

  request.mutable_policy()->add_required_sources(IdOf(Other(GetParam())));
  EXPECT_TRUE(Get(request, snapshot).ok());

  request.mutable_policy()->add_required_sources(IdOf(GetParam()));
  EXPECT_EQ(ReasonOf(Get(request, snapshot)), "REQUIRED_SOURCES_MISSING");
}

TEST_P(OneVenueDownTest, M63_TheVenueThatComesBackIsWholeAgain) {
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get(Requiring(v1::ReadPolicy::ANY), snapshot).ok());
  ProxyOf(GetParam()).Up();
  ASSERT_TRUE(Heals(IdOf(GetParam())));

  ASSERT_TRUE(Get(Requiring(v1::ReadPolicy::ALL), snapshot).ok());

  EXPECT_TRUE(snapshot.completeness().complete());
}

INSTANTIATE_TEST_SUITE_P(Venues, OneVenueDownTest,
                         testing::Values(Side::kPolymarket, Side::kPolysimulator),
                         [](const auto& side) {
                           return side.param == Side::kPolymarket ? "Polymarket" : "PolySimulator";
                         });

}  // namespace
}  // namespace balance
