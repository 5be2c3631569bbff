// M185: whatever becomes of Redis, reads go on and the budget holds.

#include <thread>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

// The ceiling of the usual setup, and one request for each replica that is cut off.
constexpr int kMostInASecond = 5 + 4;

using Steady = std::chrono::steady_clock;

int Lines(const std::string& log, std::string_view with) {
  int lines = 0;
  for (auto at = log.find(with); at != std::string::npos; at = log.find(with, at + 1)) ++lines;
  return lines;
}

class FleetTroubleTest : public FleetTest {
 protected:
  // Reads all replicas while `trouble` happens to Redis.
  void ReadDuring(const std::function<void()>& trouble) {
    ReadDuring(trouble, FleetReaders::How::kAsItIs);
  }
  void ReadDuring(const std::function<void()>& trouble, FleetReaders::How how) {
    FleetReaders readers(members(), how);
    std::this_thread::sleep_for(seconds(1));
    trouble();
    const auto sightings = readers.Stop();
    EXPECT_THAT(readers.failures(), IsEmpty());
    ExpectTrue(sightings);
    ExpectNeverBack(sightings);
    EXPECT_LE(MostInASecond(Side::kPolymarket), kMostInASecond);
    EXPECT_LE(MostInASecond(Side::kPolysimulator), kMostInASecond);
  }

  bool IsNoneConnected() {
    return Becomes([this] {
      return std::none_of(members().begin(), members().end(),
                          [](const auto& member) { return member->IsConnected(); });
    });
  }
};

TEST_F(FleetTroubleTest, M185_RedisIsKilledAndComesBackEmpty) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));

  ReadDuring([this] {
    redis().Kill();
    EXPECT_TRUE(IsNoneConnected());
    EXPECT_THAT(member(0).Page("/readyz"), HasSubstr("200 OK"));
    std::this_thread::sleep_for(seconds(2));
    redis().Restart();
    EXPECT_TRUE(AreConnected());
    EXPECT_LE(MostInASecond(Side::kPolymarket), kMostInASecond);
    ResetCounters();
    std::this_thread::sleep_for(seconds(3));
  });

  EXPECT_GE(Requests(Side::kPolymarket), 2U);
  EXPECT_LE(Requests(Side::kPolymarket), 6U);
  EXPECT_THAT(member(0).process().Log(), HasSubstr("fleet: Redis is away"));
}

TEST_F(FleetTroubleTest, M185_RedisHangs) {
  FleetSetup setup;
  setup.operation_timeout = "0.05s";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));

  ReadDuring([this] {
    redis().Freeze();
    EXPECT_TRUE(IsNoneConnected());
    std::this_thread::sleep_for(seconds(2));
    redis().Thaw();
    EXPECT_TRUE(AreConnected());
    std::this_thread::sleep_for(seconds(1));
  });
}

TEST_F(FleetTroubleTest, M185_RedisIsFull) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));

  ReadDuring([this] {
    redis().Command({"CONFIG", "SET", "maxmemory", "1"});
    EXPECT_TRUE(IsNoneConnected());
    // It answers probes and whatever writes nothing, and counts as away all the time.
    for (const auto until = Steady::now() + seconds(4); Steady::now() < until;) {
      for (const auto& each : members()) EXPECT_FALSE(each->IsConnected());
      std::this_thread::sleep_for(milliseconds(50));
    }
    redis().Command({"CONFIG", "SET", "maxmemory", "0"});
    // Of a replica that only reads, ten seconds after the latest write that was refused.
    EXPECT_TRUE(Becomes([this] { return AreConnected(); }, seconds(20)));
    std::this_thread::sleep_for(seconds(1));
  });

  EXPECT_GE(
      member(0).Metric("balance_fleet_operations_total{operation=\"ACQUIRE\",outcome=\"FULL\"}"),
      1);
  for (const auto& each : members()) {
    EXPECT_EQ(Lines(each->process().Log(), "fleet: connected to Redis"), 2);
  }
}

TEST_F(FleetTroubleTest, M185_AStartWhileRedisIsAwayServesAndSharesOnceItIsThere) {
  FleetSetup setup;
  setup.rate = "requests_per_second: 100, burst: 2";
  redis().Kill();
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  for (const auto& each : members()) {
    v1::SourceBalance balance;
    EXPECT_THAT(each->Page("/readyz"), HasSubstr("200 OK"));
    EXPECT_TRUE(each->Get(kPolymarketId, {}, balance).ok());
    EXPECT_EQ(balance.freshness().origin(), v1::Freshness::POLL);
    EXPECT_FALSE(each->Source(kPolymarketId).fleet().connected());
  }

  redis().Restart();
  ASSERT_TRUE(AreConnected());
  ResetCounters();
  v1::SourceBalance first;
  v1::SourceBalance second;
  ASSERT_TRUE(member(0).Get(kPolymarketId, AtMost(milliseconds(0)), first).ok());
  v1::ReadPolicy policy;
  *policy.mutable_not_before() = first.freshness().observe_time();
  ASSERT_TRUE(member(1).Get(kPolymarketId, policy, second).ok());

  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
  EXPECT_EQ(second.freshness().upstream_request_id(), first.freshness().upstream_request_id());
}

TEST_F(FleetTroubleTest, M185_ValuesThatSomebodyElseHasWrittenAreNoFigures) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());

  ReadDuring([this] {
    for (int i = 0; i < 20; ++i) {
      const RedisReply keys = redis().Command({"KEYS", "bal:*:reading"});
      for (const RedisReply& key : keys.elements) {
        redis().Command({"HSET", key.text, "value", "forged"});
        const std::string channel = key.text.substr(0, key.text.rfind(':')) + ":channel";
        redis().Command({"PUBLISH", channel, "forged"});
      }
      std::this_thread::sleep_for(milliseconds(100));
    }
  });

  EXPECT_GE(member(0).Metric("balance_fleet_bad_values_total{reason=\"NOT_OPENED\"}") +
                member(0).Metric("balance_fleet_bad_values_total{reason=\"UNKNOWN_FORMAT\"}"),
            1);
}

}  // namespace
}  // namespace balance
