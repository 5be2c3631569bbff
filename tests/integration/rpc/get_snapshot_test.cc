#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "clients/core/saturating.h"
#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class GetAccountSnapshotTest : public ServiceFixture {
 protected:
  GetAccountSnapshotTest() {
    AddAccount("desk-1");
    Serve();
    Real("desk-1").AnswerWith("1482.3175");
    Paper("desk-1").AnswerWith("8612.45");
  }

  v1::GetAccountSnapshotRequest request_;
  v1::AccountSnapshot snapshot_;
};

TEST_F(GetAccountSnapshotTest, EmptyNameMeansTheOnlyAccount) {
  ASSERT_TRUE(Get(request_, snapshot_).ok());

  EXPECT_EQ(snapshot_.name(), "accounts/desk-1");
  EXPECT_EQ(snapshot_.sources(0).balance_set().balances(0).cash().value(), "1482.3175");
  EXPECT_EQ(snapshot_.sources(0).freshness().outcome(), v1::Freshness::FETCHED);
  EXPECT_TRUE(snapshot_.completeness().complete());
  EXPECT_TRUE(snapshot_.has_serve_time());
  EXPECT_EQ(snapshot_.revision().epoch(), "epoch");
}

TEST_F(GetAccountSnapshotTest, SecondReadIsAHitWithTheSameRevision) {
  ASSERT_TRUE(Get(request_, snapshot_).ok());
  v1::AccountSnapshot second;
  ASSERT_TRUE(Get(request_, second).ok());

  EXPECT_EQ(second.sources(0).freshness().outcome(), v1::Freshness::HIT);
  EXPECT_EQ(second.revision().number(), snapshot_.revision().number());
  EXPECT_TRUE(second.has_serve_time());
  EXPECT_EQ(Real("desk-1").requests(), 1);
}

TEST_F(GetAccountSnapshotTest, ConcurrentMissesShareOneUpstreamRequest) {
  std::vector<std::future<bool>> reads;
  for (int i = 0; i < 50; ++i) {
    reads.push_back(std::async(std::launch::async, [this] {
      v1::AccountSnapshot snapshot;
      return Get(request_, snapshot).ok() && snapshot.completeness().complete();
    }));
  }
  for (auto& read : reads) EXPECT_TRUE(read.get());

  EXPECT_EQ(Real("desk-1").requests(), 1);
  EXPECT_EQ(Paper("desk-1").requests(), 1);
}

TEST_F(GetAccountSnapshotTest, AFailingSourceLeavesItsTotalUnsetAndTheOtherWhole) {
  Real("desk-1").FailWith(ErrorKind::kUnreachable);

  ASSERT_TRUE(Get(request_, snapshot_).ok());

  EXPECT_EQ(snapshot_.sources(0).state(), v1::SourceBalance_State_NO_DATA);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(snapshot_.sources(0).failure().status().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "SOURCE_UNREACHABLE");
  for (const auto& total : snapshot_.totals()) {
    const bool is_real = total.fund_class() == v1::REAL_MONEY;
    EXPECT_EQ(total.has_total(), !is_real);
    if (is_real) {
      EXPECT_THAT(total.missing_sources(), testing::ElementsAre("accounts/desk-1/sources/real"));
    }
  }
}

TEST_F(GetAccountSnapshotTest, AHangingSourceCostsTheOtherNothingWithinTheDeadline) {
  Real("desk-1").Hang();

  ASSERT_TRUE(Get(request_, snapshot_, milliseconds(400)).ok());

  EXPECT_EQ(snapshot_.sources(0).state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_TRUE(snapshot_.sources(0).has_failure());
  EXPECT_EQ(snapshot_.sources(1).state(), v1::SourceBalance::FRESH);
}

TEST_F(GetAccountSnapshotTest, FiltersAreReflectedAsNotRequested) {
  request_.add_sources("paper");
  ASSERT_TRUE(Get(request_, snapshot_).ok());

  EXPECT_EQ(snapshot_.sources(0).state(), v1::SourceBalance::NOT_REQUESTED);
  EXPECT_EQ(snapshot_.sources(1).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(Real("desk-1").requests(), 0);
  EXPECT_TRUE(snapshot_.completeness().complete());
  EXPECT_FALSE(snapshot_.totals(0).has_total());
}

TEST_F(GetAccountSnapshotTest, FundClassFilterTakesFullSourceNamesBesideIt) {
  request_.set_fund_class(v1::REAL_MONEY);
  request_.add_sources("accounts/desk-1/sources/real");
  ASSERT_TRUE(Get(request_, snapshot_).ok());

  EXPECT_EQ(snapshot_.sources(0).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(snapshot_.sources(1).state(), v1::SourceBalance::NOT_REQUESTED);
}

TEST_F(GetAccountSnapshotTest, OnlyIfCachedNeverFetches) {
  request_.mutable_policy()->set_only_if_cached(true);

  const auto status = Get(request_, snapshot_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailsOf(status).info.reason(), "NOT_CACHED");
  EXPECT_EQ(Real("desk-1").requests(), 0);
}

TEST_F(GetAccountSnapshotTest, MaxAgeOfZeroFetchesAnew) {
  ASSERT_TRUE(Get(request_, snapshot_).ok());
  Real("desk-1").AnswerWith("7.00");
  request_.mutable_policy()->mutable_max_age();
  ASSERT_TRUE(Get(request_, snapshot_).ok());

  EXPECT_EQ(snapshot_.sources(0).balance_set().balances(0).cash().value(), "7.00");
  EXPECT_EQ(snapshot_.sources(0).freshness().outcome(), v1::Freshness::FETCHED);
}

TEST_F(GetAccountSnapshotTest, NotBeforeReturnsNothingOlder) {
  ASSERT_TRUE(Get(request_, snapshot_).ok());
  const auto fill = ToTimestamp(clock_.WallNow());
  *request_.mutable_policy()->mutable_not_before() = fill;
  ASSERT_TRUE(Get(request_, snapshot_).ok());

  const auto& observed = snapshot_.sources(0).freshness().observe_time();
  EXPECT_TRUE(observed.seconds() > fill.seconds() ||
              (observed.seconds() == fill.seconds() && observed.nanos() >= fill.nanos()));
  EXPECT_EQ(Real("desk-1").requests(), 2);
}

TEST_F(GetAccountSnapshotTest, M104_TheObserveTimeOfAnAnswerMayBeAskedForAtOnce) {
  for (int i = 0; i < 100; ++i) {
    request_.mutable_policy()->Clear();
    request_.mutable_policy()->mutable_max_age();
    ASSERT_TRUE(Get(request_, snapshot_).ok());
    const int requests = Real("desk-1").requests();
    request_.mutable_policy()->Clear();
    *request_.mutable_policy()->mutable_not_before() = snapshot_.oldest_observe_time();

    ASSERT_TRUE(Get(request_, snapshot_).ok());

    ASSERT_EQ(Real("desk-1").requests(), requests) << "after " << i;
  }
}

TEST_F(GetAccountSnapshotTest, M102_NotBeforeALittleAheadIsWaitedFor) {
  const WallTime fill = clock_.WallNow() + milliseconds(300);
  *request_.mutable_policy()->mutable_not_before() = ToTimestamp(fill);

  ASSERT_TRUE(Get(request_, snapshot_).ok());

  const auto& observed = snapshot_.sources(0).freshness().observe_time();
  EXPECT_GE(WallTime(SaturatingDuration(observed.seconds(), observed.nanos())), fill);
  EXPECT_EQ(snapshot_.sources(0).state(), v1::SourceBalance::FRESH);
}

TEST_F(GetAccountSnapshotTest, M103_ADeadlineInCenturiesIsFarAndNotOver) {
  // The last is the longest that gRPC's wire can say.
  for (const std::int64_t years : {250, 293, 600, 11'000}) {
    grpc::ClientContext context;
    context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                                      gpr_time_from_hours(years * 365 * 24, GPR_TIMESPAN)));
    request_.mutable_policy()->mutable_max_age();

    const auto status = stub_->GetAccountSnapshot(&context, request_, &snapshot_);

    ASSERT_TRUE(status.ok()) << years << ": " << status.error_message();
    EXPECT_EQ(snapshot_.sources(0).freshness().outcome(), v1::Freshness::FETCHED) << years;
  }
}

TEST_F(GetAccountSnapshotTest, RequireAllNamesWhatIsMissing) {
  Real("desk-1").FailWith(ErrorKind::kUpstreamError);
  request_.mutable_policy()->set_require(v1::ReadPolicy::ALL);

  const auto status = Get(request_, snapshot_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailsOf(status).info.reason(), "REQUIRED_SOURCES_MISSING");
  EXPECT_EQ(DetailsOf(status).info.metadata().at("missing_sources"),
            "accounts/desk-1/sources/real");
  EXPECT_TRUE(DetailsOf(status).has_retry);
}

TEST_F(GetAccountSnapshotTest, RequireNamedIgnoresTheOthers) {
  Real("desk-1").FailWith(ErrorKind::kUpstreamError);
  request_.mutable_policy()->set_require(v1::ReadPolicy::NAMED);
  request_.mutable_policy()->add_required_sources("paper");

  EXPECT_TRUE(Get(request_, snapshot_).ok());
}

TEST_F(GetAccountSnapshotTest, WhereAnySourceIsEnoughTheOneThatMayHealGivesTheCode) {
  Real("desk-1").FailWith(ErrorKind::kCredentialsRejected);
  Paper("desk-1").FailWith(ErrorKind::kUnreachable);

  const auto status = Get(request_, snapshot_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailsOf(status).info.reason(), "NO_SOURCE_AVAILABLE");
  EXPECT_TRUE(DetailsOf(status).has_retry);
}

TEST_F(GetAccountSnapshotTest, WhereAllAreRequiredTheMostPermanentCauseGivesTheCode) {
  Real("desk-1").FailWith(ErrorKind::kCredentialsRejected);
  Paper("desk-1").FailWith(ErrorKind::kUnreachable);
  request_.mutable_policy()->set_require(v1::ReadPolicy::ALL);

  const auto status = Get(request_, snapshot_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailsOf(status).info.reason(), "REQUIRED_SOURCES_MISSING");
  EXPECT_FALSE(DetailsOf(status).has_retry);
}

TEST_F(GetAccountSnapshotTest, ACallerWhoLeavesDisturbsNobody) {
  Real("desk-1").Hang();
  grpc::ClientContext leaving;
  leaving.set_deadline(std::chrono::system_clock::now() + seconds(20));
  auto left = std::async(std::launch::async, [&] {
    v1::AccountSnapshot ignored;
    return stub_->GetAccountSnapshot(&leaving, request_, &ignored);
  });
  const auto give_up = std::chrono::steady_clock::now() + seconds(10);
  while (Real("desk-1").requests() == 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  leaving.TryCancel();

  EXPECT_EQ(left.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Get(request_, snapshot_, milliseconds(400)).ok());
  EXPECT_EQ(Real("desk-1").requests(), 1);
}

TEST_F(GetAccountSnapshotTest, EveryStartedCallIsHandledOnce) {
  ASSERT_TRUE(Get(request_, snapshot_).ok());
  ASSERT_TRUE(Get(request_, snapshot_).ok());
  request_.set_name("nonsense");
  Get(request_, snapshot_);

  EXPECT_EQ(rpc_observer_.started, 3);
  EXPECT_EQ(rpc_observer_.handled, 3);
}

class AgingSnapshotTest : public ServiceFixture {
 protected:
  AgingSnapshotTest() {
    AddAccount("desk-1", {milliseconds(50), milliseconds(1), seconds(60), milliseconds(1)});
    Serve();
    Real("desk-1").AnswerWith("1.00");
    Paper("desk-1").AnswerWith("2.00");
  }
};

TEST_F(AgingSnapshotTest, StaleDataIsServedWithTheFailureBesideIt) {
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  Real("desk-1").FailWith(ErrorKind::kUnreachable);
  const auto give_up = std::chrono::steady_clock::now() + seconds(10);
  while (snapshot.sources(0).freshness().outcome() != v1::Freshness::STALE_ON_ERROR &&
         std::chrono::steady_clock::now() < give_up) {
    ASSERT_TRUE(Get({}, snapshot).ok());
  }

  EXPECT_EQ(snapshot.sources(0).state(), v1::SourceBalance::STALE);
  EXPECT_EQ(snapshot.sources(0).balance_set().balances(0).cash().value(), "1.00");
  EXPECT_TRUE(snapshot.sources(0).has_failure());
  EXPECT_TRUE(snapshot.totals(0).has_total());
}

TEST_F(AgingSnapshotTest, ARejectedKeyShowsNothingPastTheTtl) {
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  Real("desk-1").FailWith(ErrorKind::kCredentialsRejected);
  const auto give_up = std::chrono::steady_clock::now() + seconds(10);
  while (snapshot.sources(0).state() != v1::SourceBalance_State_NO_DATA &&
         std::chrono::steady_clock::now() < give_up) {
    ASSERT_TRUE(Get({}, snapshot).ok());
  }

  EXPECT_EQ(snapshot.sources(0).state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_FALSE(snapshot.totals(0).has_total());
}

}  // namespace
}  // namespace balance
