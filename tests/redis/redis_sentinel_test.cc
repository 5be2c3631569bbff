// Sentinels say where the primary is, also after a failover.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::seconds;

// A primary, two replicas and three Sentinels.
class RedisSentinelTest : public RedisTest {
 protected:
  RedisSentinelTest() {
    const std::string port = std::to_string(primary_.address().port);
    for (int i = 0; i < 2; ++i) {
      replicas_.push_back(
          std::make_unique<RedisServer>(RedisServer::Options{{"replicaof 127.0.0.1 " + port}}));
    }
    for (int i = 0; i < 3; ++i) {
      sentinels_.push_back(std::make_unique<RedisServer>(
          RedisServer::Options{.settings = {"sentinel monitor balance 127.0.0.1 " + port + " 2",
                                            "sentinel down-after-milliseconds balance 1000",
                                            "sentinel failover-timeout balance 5000"},
                               .is_sentinel = true}));
    }
    EXPECT_TRUE(Becomes([&] { return KnowEachOther(); }));
  }

  bool KnowEachOther() const {
    for (const auto& sentinel : sentinels_) {
      const std::string info = sentinel->Command({"INFO", "sentinel"}).text;
      if (info.find("slaves=2,sentinels=3") == std::string::npos) return false;
    }
    return true;
  }

  RedisSettings ThroughSentinels() {
    RedisSettings settings = SettingsOf({});
    settings.sentinel.emplace();
    settings.sentinel->primary = "balance";
    for (const auto& sentinel : sentinels_) {
      settings.sentinel->addresses.push_back(sentinel->address());
    }
    return settings;
  }

  RedisServer primary_;
  std::vector<std::unique_ptr<RedisServer>> replicas_;
  std::vector<std::unique_ptr<RedisServer>> sentinels_;
  const LoginNames login_ = NamesOfKey("key");
};

TEST_F(RedisSentinelTest, M35_AfterAFailoverTheNewPrimaryServesAndTheBucketIsEmpty) {
  const auto store = MakeStore(ThroughSentinels());
  ASSERT_TRUE(Becomes([&] { return store->IsUsable(); }));
  int heard = 0;
  const auto listening = store->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  AcquireRequest request = Request(login_);
  request.rate = {seconds(1), seconds(4)};
  ASSERT_EQ(Told(Settled(*store, request)), "granted");

  primary_.Kill();
  ASSERT_TRUE(Becomes([&] { return !store->IsUsable(); }));
  ASSERT_TRUE(Becomes([&] { return store->IsUsable(); }, seconds(60))) << ReasonOf(*store);

  const SteadyTime asked = clock_.SteadyNow();
  request.observed_from = asked;
  const auto first = Await(store->Acquire(request));
  ASSERT_EQ(Told(first), "later");
  EXPECT_GE(std::get<OutOfTurn>(*first).send_at, asked + seconds(1));
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));
  ASSERT_TRUE(Await(store->Store(Storing(login_, ReadingOf("1")))));
  EXPECT_TRUE(Becomes([&] { return heard == 1; }));
}

// Or a primary that is cut off would give out the rate beside the one that is promoted.
// docs/operating.md says so.
TEST_F(RedisSentinelTest, M35_APrimaryWithoutItsReplicasGivesNothingOut) {
  const auto store = MakeStore(ThroughSentinels());
  ASSERT_TRUE(Becomes([&] { return store->IsUsable(); }));
  primary_.Command({"CONFIG", "SET", "min-replicas-to-write", "1"});
  primary_.Command({"CONFIG", "SET", "min-replicas-max-lag", "2"});
  EXPECT_TRUE(Becomes([&] { return Told(Settled(*store, Request(login_))) == "granted"; }));

  for (const auto& replica : replicas_) replica->Freeze();

  EXPECT_TRUE(Becomes([&] {
    const auto refused = Await(store->Acquire(Request(login_)));
    return KindOf(refused) == "NO_WRITES";
  }));
  EXPECT_NE(Told(Await(store->Acquire(Request(login_)))), "granted");
}

TEST_F(RedisSentinelTest, M35_ASentinelThatHangsOrIsGoneIsPassedOver) {
  sentinels_[0]->Freeze();
  sentinels_[1]->Kill();
  RedisSettings settings = ThroughSentinels();
  settings.connect_timeout = seconds(3);

  const auto store = MakeStore(settings);

  EXPECT_TRUE(Becomes([&] { return store->IsUsable(); })) << ReasonOf(*store);
}

TEST_F(RedisSentinelTest, M35_ANameThatTheSentinelsDoNotKnowIsTold) {
  RedisSettings settings = ThroughSentinels();
  settings.sentinel->primary = "other";

  const auto store = MakeStore(settings);

  ASSERT_TRUE(Becomes([&] { return store->health().reason().has_value(); }));
  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kNoPrimary);
  EXPECT_NE(ReasonOf(*store).find("sentinel.primary"), std::string::npos);
}

class StaleSentinelTest : public RedisTest {
 protected:
  static RedisServer::Options Watching(const HostPort& primary) {
    return {
        .settings = {"sentinel monitor balance 127.0.0.1 " + std::to_string(primary.port) + " 1"},
        .is_sentinel = true};
  }
};

// Cut off from the others, it has not heard of the failover, and goes on naming what was primary.
TEST_F(StaleSentinelTest, M35_ASentinelThatNamesADeadPrimaryIsPassedOver) {
  RedisServer dead;
  const RedisServer alive;
  const RedisServer stale(Watching(dead.address()));
  const RedisServer right(Watching(alive.address()));
  dead.Kill();
  RedisSettings settings = SettingsOf({});
  settings.sentinel.emplace();
  settings.sentinel->primary = "balance";
  settings.sentinel->addresses = {stale.address(), right.address()};

  const auto store = MakeStore(settings);

  EXPECT_TRUE(Becomes([&] { return store->IsUsable() && store->IsListening(); }))
      << ReasonOf(*store);
}

}  // namespace
}  // namespace balance
