// M185: whatever becomes of Redis, reads go on and the budget holds.

#include <algorithm>
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

  // Every replica notices that Redis is of no use to it, tells why, and goes on.
  void ExpectAllAway(const std::string& why) {
    for (const auto& each : members()) {
      EXPECT_TRUE(Becomes([&] {
        return !each->IsConnected() && each->process().Log().find(why) != std::string::npos;
      })) << why;
      EXPECT_FALSE(each->Source(kPolymarketId).fleet().connected()) << why;
      EXPECT_THAT(each->Page("/readyz"), HasSubstr("200 OK")) << why;
    }
  }

  // For so long, whatever they try.
  bool IsNoneConnectedFor(milliseconds length) {
    for (const auto until = Steady::now() + length; Steady::now() < until;) {
      for (const auto& each : members()) {
        if (each->IsConnected()) return false;
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
    return true;
  }

  // Number of requests that a replica has sent to the upstream and that went well.
  double Sent(std::size_t replica) {
    return member(replica).Metric("balance_refreshes_total{kind=\"POLYMARKET_US\",result=\"OK\"}");
  }

  static double TimedOut(const FleetMember& member) {
    return member.Metric(
        "balance_fleet_operations_total{operation=\"ACQUIRE\",outcome=\"TIMED_OUT\"}");
  }
};

TEST_F(FleetTroubleTest, M185_RedisIsKilledAndComesBackEmpty) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));

  Steady::time_point begun;
  ReadDuring([&] {
    redis().Kill();
    EXPECT_TRUE(IsNoneConnected());
    EXPECT_THAT(member(0).Page("/readyz"), HasSubstr("200 OK"));
    std::this_thread::sleep_for(seconds(2));
    redis().Restart();
    EXPECT_TRUE(AreConnected());
    EXPECT_LE(MostInASecond(Side::kPolymarket), kMostInASecond);
    ResetCounters();
    begun = Steady::now();
    std::this_thread::sleep_for(seconds(3));
  });

  // What each had read alone is offered to all, and serves them.
  EXPECT_NEAR(static_cast<double>(Requests(Side::kPolymarket)),
              std::chrono::duration<double>(Steady::now() - begun).count(), 1.5);
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
    EXPECT_TRUE(IsNoneConnectedFor(seconds(4)));
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

TEST_F(FleetTroubleTest, M185_AFrozenRedisCostsHitsNothingAndAMissOneOperation) {
  // An operation takes so long that whoever waits for one is told from whoever waits for a turn on
  // a busy machine. What is left of it on a quiet one, ./dev bench fleet measures.
  constexpr milliseconds kOperation = seconds(1);
  FleetSetup setup;
  setup.replicas = 1;
  setup.operation_timeout = "1s";
  setup.refresh_budget = "3s";
  setup.rate = "requests_per_second: 100, burst: 2";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  FleetReaders readers(members(), FleetReaders::How::kAsItIs);
  std::this_thread::sleep_for(milliseconds(500));

  redis().Freeze();
  const auto frozen = std::chrono::system_clock::now();
  for (const milliseconds most : {2 * kOperation, kOperation}) {
    v1::SourceBalance balance;
    const auto begun = Steady::now();
    EXPECT_TRUE(member(0).Get(kPolymarketId, AtMost(milliseconds(0)), balance).ok());
    EXPECT_LT(Steady::now() - begun, most);
    EXPECT_EQ(balance.freshness().origin(), v1::Freshness::POLL);
  }
  ExpectAllAway("Redis did not answer in time");
  std::this_thread::sleep_for(seconds(1));
  const auto sightings = readers.Stop();
  redis().Thaw();

  EXPECT_THAT(readers.failures(), IsEmpty());
  ExpectNeverBack(sightings);
  std::vector<std::chrono::nanoseconds> took;
  for (const Sighting& sighting : sightings) {
    if (sighting.seen > frozen) took.push_back(sighting.took);
  }
  ASSERT_GT(took.size(), 100U);
  const auto p99 = took.begin() + static_cast<std::ptrdiff_t>(took.size() * 99 / 100);
  std::nth_element(took.begin(), p99, took.end());
  EXPECT_LT(*p99, kOperation / 10);
  EXPECT_GE(TimedOut(member(0)), 1);
  EXPECT_TRUE(AreConnected());
}

TEST_F(FleetTroubleTest, M185_RedisThatDripsIsAway) {
  FleetSetup setup;
  setup.replicas = 2;
  setup.replicas_behind_proxy = 2;
  setup.operation_timeout = "0.05s";
  // Whoever misses Redis before the first reading, as on a busy machine, soon has one all the same.
  setup.rate = "requests_per_second: 100, burst: 2";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));

  ReadDuring([this] {
    // So slow that connections can be made and probes are answered, but nothing else in time.
    Toxics drip;
    drip.bandwidth = 1000;
    redis_proxy().Set(drip);
    // After three failures, once and for all.
    EXPECT_TRUE(Becomes([this] { return IsNoneConnectedFor(seconds(2)); }));
    for (const auto& each : members()) EXPECT_GE(TimedOut(*each), 1);
    redis_proxy().Clear();
    EXPECT_TRUE(AreConnected());
  });
}

TEST_F(FleetTroubleTest, M185_OneThatIsCutOffAndTheOthersKeepWithinOneBudget) {
  // The readers want far more than the rate allows.
  constexpr double kRate = 16;
  constexpr double kOwnRate = kRate * 0.25 / 8;
  FleetSetup setup;
  setup.replicas_behind_proxy = 1;
  setup.rate = "requests_per_second: 16, burst: 2";
  setup.cache =
      "{ttl: 0.05s, stale_while_revalidate: 10s, max_stale: 60s, min_refresh_interval: 0.001s}";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));
  FleetReaders readers(members(), FleetReaders::How::kAsItIs);
  std::this_thread::sleep_for(milliseconds(500));

  Toxics cut;
  cut.timeout = milliseconds(0);
  redis_proxy().Set(cut);
  EXPECT_TRUE(Becomes([this] { return !member(0).IsConnected(); }));
  ResetCounters();
  const double sent_before = Sent(0);
  const auto begun = Steady::now();
  std::this_thread::sleep_for(seconds(3));
  const double own = Sent(0) - sent_before;
  const auto all = static_cast<double>(Requests(Side::kPolymarket));
  const int most = MostInASecond(Side::kPolymarket);
  const double length = std::chrono::duration<double>(Steady::now() - begun).count();
  for (std::size_t i = 1; i < members().size(); ++i) EXPECT_TRUE(member(i).IsConnected());
  redis_proxy().Clear();
  EXPECT_TRUE(AreConnected());
  // What the others read reaches it again.
  EXPECT_TRUE(Becomes([this] {
    v1::SourceBalance balance;
    member(0).Get(kPolymarketId, {}, balance);
    return balance.freshness().origin() == v1::Freshness::SHARED_CACHE;
  }));
  const auto sightings = readers.Stop();

  EXPECT_THAT(readers.failures(), IsEmpty());
  ExpectTrue(sightings);
  ExpectNeverBack(sightings);
  // The ceiling, and one request for the one that is cut off.
  EXPECT_LE(most, 17 + 1);
  EXPECT_LE(all, kRate * length + 2);
  EXPECT_GE(own, 1);
  EXPECT_LE(own, kOwnRate * length + 1);
  // The others use what Redis gives out, far more than their parts of the reserve.
  EXPECT_GE(all - own, 2 * 3 * kOwnRate * length);
}

TEST_F(FleetTroubleTest, M185_RedisRefusesAndEachReplicaSaysWhy) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));
  // Where nobody listens.
  const std::string port = std::to_string(RedisServer().address().port);

  ReadDuring([&] {
    redis().Command({"REPLICAOF", "127.0.0.1", port});
    ExpectAllAway("Redis is a replica and takes no writes");
    redis().Command({"REPLICAOF", "NO", "ONE"});
    EXPECT_TRUE(AreConnected());

    redis().Restart({"requirepass secret"});
    ExpectAllAway("Redis does not accept the user name and password");

    redis().Restart({"cluster-enabled yes", "cluster-port " + port});
    ExpectAllAway("Redis runs as a cluster, which is not supported");
    redis().Restart();
    EXPECT_TRUE(AreConnected());
    std::this_thread::sleep_for(seconds(1));
  });
}

TEST_F(FleetTroubleTest, M185_RedisLoadsAStaleCopyForLongAndNobodyIsToldOfIt) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(50));
  std::vector<std::string> ballast = {"MSET"};
  for (int i = 0; i < 100; ++i) {
    ballast.push_back("key" + std::to_string(i));
    ballast.emplace_back(2000, 'x');
  }

  ReadDuring([&] {
    redis().Command(ballast);
    redis().Command({"SAVE"});
    EXPECT_GT(redis().Command({"KEYS", "bal:*:reading"}).elements.size(), 0U);
    std::this_thread::sleep_for(milliseconds(500));
    // Loading takes 20 ms a key.
    redis().Restart({"key-load-delay 20000", "loading-process-events-interval-bytes 1024"});
    ExpectAllAway("Redis is still loading its data");
    EXPECT_TRUE(AreConnected());
    EXPECT_GT(redis().Command({"KEYS", "bal:*:reading"}).elements.size(), 0U);
    std::this_thread::sleep_for(seconds(1));
  });
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
