// M188: replicas whose clocks are minutes apart tell right ages, and believe each other.

#include <google/protobuf/util/time_util.h>

#include <array>
#include <cmath>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using google::protobuf::util::TimeUtil;
using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;

// Seconds by which the clock of each replica is off.
constexpr std::array<int, 3> kShifts = {30, -600, 0};
// How right times must be, beside what the call that tells them takes.
constexpr double kSlack = 0.1;

class FleetClocksTest : public FleetTest {
 protected:
  void SetUp() override {
    FleetSetup setup;
    setup.replicas = static_cast<int>(kShifts.size());
    // A request leaves as soon as it is asked for.
    setup.rate = "requests_per_second: 100, burst: 2";
    setup.environment = [](int replica) -> std::vector<std::string> {
      return {
          "LD_PRELOAD=" SHIFTED_CLOCK_MODULE,
          "CLOCK_SHIFT_SECONDS=" + std::to_string(kShifts.at(static_cast<std::size_t>(replica)))};
    };
    ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
    ASSERT_TRUE(AreConnected());
  }

  static v1::AccountSnapshot SnapshotOf(FleetMember& member, const v1::ReadPolicy& policy) {
    v1::GetAccountSnapshotRequest request;
    *request.mutable_policy() = policy;
    v1::AccountSnapshot snapshot;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    const auto status = member.stub().GetAccountSnapshot(&context, request, &snapshot);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return snapshot;
  }

  static double SecondsOf(const google::protobuf::Timestamp& time) {
    return static_cast<double>(TimeUtil::TimestampToNanoseconds(time)) * 1e-9;
  }

  static double Now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

TEST_F(FleetClocksTest, M188_AgesAreRightAndEveryReplicaBelievesTheOthers) {
  const double begun = Now();
  const v1::AccountSnapshot first = SnapshotOf(member(0), AtMost(milliseconds(0)));
  ASSERT_EQ(first.sources_size(), 2);
  const double arrived =
      std::chrono::duration<double>(
          upstreams().Counters(Side::kPolymarket).last_requests.back().time.time_since_epoch())
          .count();
  v1::ReadPolicy policy;
  *policy.mutable_not_before() = first.oldest_observe_time();

  for (const auto& each : members()) {
    const double asked = Now();
    const v1::AccountSnapshot other = SnapshotOf(*each, policy);
    ASSERT_EQ(other.sources_size(), 2);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(other.sources(i).freshness().upstream_request_id(),
                first.sources(i).freshness().upstream_request_id());
    }
    // It left after it was asked for, and before it was there.
    const double observed = SecondsOf(other.sources(0).freshness().observe_time());
    EXPECT_GE(observed, begun - kSlack);
    EXPECT_LE(observed, arrived + kSlack);
    EXPECT_GE(SecondsOf(other.serve_time()), asked - kSlack);
    EXPECT_LE(SecondsOf(other.serve_time()), Now() + kSlack);
    EXPECT_GE(SecondsOf(other.serve_time()), SecondsOf(other.oldest_observe_time()));
  }
  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
}

TEST_F(FleetClocksTest, M188_HowFarTheClocksAreApartIsTold) {
  for (std::size_t i = 0; i < kShifts.size(); ++i) {
    // A first look at Redis's clock that took long is made better by the next ones.
    EXPECT_TRUE(Becomes([&] {
      const double offset = member(i).Metric("balance_fleet_clock_offset_seconds");
      return std::abs(offset + kShifts.at(i)) <= kSlack;
    })) << member(i).Metric("balance_fleet_clock_offset_seconds");
  }
  EXPECT_THAT(member(1).process().Log(), HasSubstr("fleet: Redis's clock is 600.0 s from ours"));
  EXPECT_THAT(member(2).process().Log(), Not(HasSubstr("from ours")));
}

}  // namespace
}  // namespace balance
