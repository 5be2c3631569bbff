// M188: replicas whose clocks are minutes apart tell right ages, and believe each other.

#include <google/protobuf/util/time_util.h>

#include <array>

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
// What an answer may take on a busy machine.
constexpr double kSlack = 0.5;

class FleetClocksTest : public FleetTest {
 protected:
  void SetUp() override {
    FleetSetup setup;
    setup.replicas = static_cast<int>(kShifts.size());
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
  const v1::AccountSnapshot first = SnapshotOf(member(0), AtMost(milliseconds(0)));
  ASSERT_EQ(first.sources_size(), 2);
  const double sent =
      std::chrono::duration<double>(
          upstreams().Counters(Side::kPolymarket).last_requests.back().time.time_since_epoch())
          .count();
  v1::ReadPolicy policy;
  *policy.mutable_not_before() = first.oldest_observe_time();

  for (const auto& each : members()) {
    const v1::AccountSnapshot other = SnapshotOf(*each, policy);
    ASSERT_EQ(other.sources_size(), 2);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(other.sources(i).freshness().upstream_request_id(),
                first.sources(i).freshness().upstream_request_id());
    }
    EXPECT_NEAR(SecondsOf(other.sources(0).freshness().observe_time()), sent, kSlack);
    EXPECT_NEAR(SecondsOf(other.serve_time()), Now(), kSlack);
    EXPECT_GE(SecondsOf(other.serve_time()), SecondsOf(other.oldest_observe_time()));
  }
  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
}

TEST_F(FleetClocksTest, M188_HowFarTheClocksAreApartIsTold) {
  for (std::size_t i = 0; i < kShifts.size(); ++i) {
    EXPECT_NEAR(member(i).Metric("balance_fleet_clock_offset_seconds"), -kShifts.at(i), kSlack);
  }
  EXPECT_THAT(member(1).process().Log(), HasSubstr("fleet: Redis's clock is 600.0 s from ours"));
  EXPECT_THAT(member(2).process().Log(), Not(HasSubstr("from ours")));
}

}  // namespace
}  // namespace balance
