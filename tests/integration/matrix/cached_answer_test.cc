// M101: a shared cache on the way answers in the venue's place, and says how old that is.

#include <chrono>
#include <string>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Side;

sandbox::Fault OutOfCache(Side side, const std::string& age) {
  sandbox::Fault answer;
  answer.headers = {{"Age", age}, {"Content-Type", "application/json"}};
  answer.body = side == Side::kPolymarket
                    ? R"({"balances":[{"currency":"USD","currentBalance":8123.4567,)"
                      R"("buyingPower":8123.4567}]})"
                    : R"({"balance":"4321.0987","total_value":"4321.0987","currency":"USD"})";
  return answer;
}

class CachedAnswerTest : public MatrixTest, public testing::WithParamInterface<Side> {
 protected:
  void SetUp() override {
    MatrixSetup setup;
    setup.cache = "{ttl: 10s, max_stale: 60s, min_refresh_interval: 0.001s}";
    Start(setup);
  }

  const char* Id() const { return IdOf(GetParam()); }

  v1::SourceBalance Shown() {
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
    return snapshot.sources_size() == 2 ? snapshot.sources(IndexOf(GetParam()))
                                        : v1::SourceBalance();
  }

  static bool Warns(const v1::SourceBalance& source) {
    for (const v1::Warning& warning : source.warnings()) {
      if (warning.reason() == "CACHED_REPLY") return true;
    }
    return false;
  }
};

TEST_P(CachedAnswerTest, M101_ItIsAsOldAsItSaysAndShownAsStaleWithAWarning) {
  Always(GetParam(), OutOfCache(GetParam(), "30"));
  const auto before = std::chrono::system_clock::now();

  const v1::SourceBalance source = Shown();

  EXPECT_EQ(source.state(), v1::SourceBalance::STALE);
  EXPECT_FALSE(CashOf(source).empty());
  EXPECT_TRUE(Warns(source));
  const auto seconds_ago =
      std::chrono::system_clock::to_time_t(before) - source.freshness().observe_time().seconds();
  EXPECT_GE(seconds_ago, 25);
  EXPECT_LE(seconds_ago, 31);
}

TEST_P(CachedAnswerTest, M101_WithinTheTtlItIsFreshWithAWarning) {
  Always(GetParam(), OutOfCache(GetParam(), "1"));

  const v1::SourceBalance source = Shown();

  EXPECT_EQ(source.state(), v1::SourceBalance::FRESH);
  EXPECT_TRUE(Warns(source));
}

TEST_P(CachedAnswerTest, M101_WhoNeedsANewerOneIsToldThatThereIsNone) {
  Always(GetParam(), OutOfCache(GetParam(), "30"));
  v1::GetSourceBalanceRequest request;
  request.set_name(Id());
  request.mutable_policy()->mutable_max_age();
  v1::SourceBalance source;
  grpc::ClientContext context;

  EXPECT_EQ(ReasonOf(stub_->GetSourceBalance(&context, request, &source)), "FRESHNESS_UNSATISFIED");

  v1::GetAccountSnapshotRequest all;
  all.mutable_policy()->mutable_max_age();
  all.mutable_policy()->set_require(v1::ReadPolicy::ALL);
  v1::AccountSnapshot snapshot;
  EXPECT_EQ(ReasonOf(Get(all, snapshot)), "REQUIRED_SOURCES_MISSING");
}

TEST_P(CachedAnswerTest, M101_AnAgeThatCannotBeReadMakesTheReplyInvalid) {
  Always(GetParam(), OutOfCache(GetParam(), "a while"));

  EXPECT_EQ(ReasonOf(Shown().failure()), "SOURCE_REPLY_INVALID");
}

TEST_P(CachedAnswerTest, M101_ARefusalOutOfACacheCondemnsNoKey) {
  sandbox::Fault refusal;
  refusal.status = 403;
  refusal.headers = {{"Age", "30"}, {"Content-Type", "application/json"}};
  refusal.body = R"({"error":"forbidden","code":"INSUFFICIENT_PERMISSION"})";
  upstreams().Push(GetParam(), refusal);
  EXPECT_EQ(ReasonOf(ReadAnew(Id())), "SOURCE_ERROR");

  EXPECT_TRUE(Heals(Id()));
}

INSTANTIATE_TEST_SUITE_P(Venues, CachedAnswerTest,
                         testing::Values(Side::kPolymarket, Side::kPolysimulator));

}  // namespace
}  // namespace balance
