#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

class GetSourceBalanceTest : public ServiceFixture {
 protected:
  GetSourceBalanceTest() {
    AddAccount("desk-1");
    Serve();
    Real("desk-1").AnswerWith("1.00");
    request_.set_name("accounts/desk-1/sources/real");
  }

  v1::GetSourceBalanceRequest request_;
  v1::SourceBalance source_;
};

TEST_F(GetSourceBalanceTest, ReadsOneSourceOnly) {
  ASSERT_TRUE(GetSource(request_, source_).ok());

  EXPECT_EQ(source_.name(), "accounts/desk-1/sources/real");
  EXPECT_EQ(source_.state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(Paper("desk-1").requests(), 0);
}

TEST_F(GetSourceBalanceTest, TheIdAloneNamesASourceOfTheOnlyAccount) {
  request_.set_name("real");
  ASSERT_TRUE(GetSource(request_, source_).ok());

  EXPECT_EQ(source_.name(), "accounts/desk-1/sources/real");
}

TEST_F(GetSourceBalanceTest, NoAcceptableDataIsTheSourcesOwnError) {
  Real("desk-1").FailWith(ErrorKind::kCredentialsRejected);

  const auto status = GetSource(request_, source_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailsOf(status).info.reason(), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(DetailsOf(status).info.metadata().at("source"), "accounts/desk-1/sources/real");
}

TEST_F(GetSourceBalanceTest, TransientTroubleCarriesRetryInfo) {
  Real("desk-1").FailWith(ErrorKind::kRateLimited);

  const auto status = GetSource(request_, source_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailsOf(status).info.reason(), "SOURCE_RATE_LIMITED");
  EXPECT_TRUE(DetailsOf(status).has_retry);
}

TEST_F(GetSourceBalanceTest, ARefreshStillRunningAtTheDeadlineIsDeadlineExceeded) {
  Real("desk-1").Hang();

  const auto status = GetSource(request_, source_, milliseconds(300));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(DetailsOf(status).info.reason(), "DEADLINE_EXCEEDED");
}

TEST_F(GetSourceBalanceTest, ColdOnlyIfCachedIsNotCached) {
  request_.mutable_policy()->set_only_if_cached(true);

  const auto status = GetSource(request_, source_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailsOf(status).info.reason(), "NOT_CACHED");
}

TEST_F(GetSourceBalanceTest, AnUnknownSourceIsNotFound) {
  request_.set_name("accounts/desk-1/sources/other");

  const auto status = GetSource(request_, source_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(DetailsOf(status).info.reason(), "SOURCE_NOT_CONFIGURED");
}

class RefreshFloorTest : public ServiceFixture {};

TEST_F(RefreshFloorTest, FreshnessThatCannotBeHadInTimeIsRefusedWithARetryDelay) {
  auto cache = DefaultCache();
  cache.min_refresh_interval = std::chrono::seconds(30);
  AddAccount("desk-1", cache);
  Serve();
  v1::GetSourceBalanceRequest request;
  request.set_name("real");
  v1::SourceBalance source;
  ASSERT_TRUE(GetSource(request, source).ok());
  request.mutable_policy()->mutable_max_age();
  request.mutable_policy()->mutable_max_stale();

  const auto status = GetSource(request, source);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailsOf(status).info.reason(), "FRESHNESS_UNSATISFIED");
  EXPECT_GT(DetailsOf(status).retry.retry_delay().seconds(), 20);
}

}  // namespace
}  // namespace balance
