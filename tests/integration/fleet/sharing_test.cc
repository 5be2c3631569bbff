// M182 to M184: replicas that share their logins have one voice to each venue, and tell the same.

#include <csignal>
#include <thread>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

class FleetSharingTest : public FleetTest {
 protected:
  // Reads all replicas for so long.
  std::vector<Sighting> ReadFor(milliseconds length,
                                FleetReaders::How how = FleetReaders::How::kAsItIs) {
    FleetReaders readers(members(), how);
    std::this_thread::sleep_for(length);
    auto sightings = readers.Stop();
    EXPECT_THAT(readers.failures(), IsEmpty());
    return sightings;
  }
};

TEST_F(FleetSharingTest, M182_OneRequestATtlReachesEachVenue) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());

  const auto sightings = ReadFor(seconds(6));

  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    EXPECT_GE(Requests(side), 4U);
    // A reading is refreshed a little before its TTL ends.
    EXPECT_LE(Requests(side), 9U);
    EXPECT_LE(MostInASecond(side), 5);
  }
  ExpectSameEverywhere(sightings);
  ExpectNeverBack(sightings);
  const auto shared = std::count_if(sightings.begin(), sightings.end(), [](const auto& sighting) {
    return sighting.origin == v1::Freshness::SHARED_CACHE;
  });
  EXPECT_GT(shared, static_cast<long>(sightings.size() / 2));
}

TEST_F(FleetSharingTest, M182_WithoutAFleetEachReplicaReadsForItself) {
  FleetSetup setup;
  setup.has_fleet = false;
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));

  const auto sightings = ReadFor(seconds(3));

  EXPECT_GE(Requests(Side::kPolymarket), 10U);
  for (const Sighting& sighting : sightings) EXPECT_EQ(sighting.origin, v1::Freshness::POLL);
  EXPECT_EQ(member(0).Page("/metrics").find("balance_fleet_"), std::string::npos);
  EXPECT_EQ(member(0).Page("/statusz").find("\"fleet\""), std::string::npos);
}

TEST_F(FleetSharingTest, M182_WhatOneReplicaReadIsThereOnTheOthersUnasked) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  v1::SourceBalance first;
  ASSERT_TRUE(member(0).Get(kPolymarketId, {}, first).ok());

  v1::ReadPolicy cached;
  cached.set_only_if_cached(true);
  for (std::size_t i = 1; i < members().size(); ++i) {
    v1::SourceBalance other;
    EXPECT_TRUE(Becomes([&] { return member(i).Get(kPolymarketId, cached, other).ok(); }));
    EXPECT_EQ(CashOf(other), CashOf(first));
    EXPECT_EQ(other.freshness().origin(), v1::Freshness::SHARED_CACHE);
    EXPECT_EQ(other.freshness().upstream_request_id(), first.freshness().upstream_request_id());
    EXPECT_EQ(other.freshness().observe_time().nanos(), first.freshness().observe_time().nanos());
  }
  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
  EXPECT_GE(member(1).Metric("balance_fleet_shared_total{kind=\"POLYMARKET_US\"}"), 1);
}

TEST_F(FleetSharingTest, M183_EveryFigureIsTrueAndNotBeforeNeverGoesBack) {
  FleetSetup setup;
  setup.rate = "requests_per_second: 20, burst: 2";
  setup.cache = "{ttl: 0.3s, min_refresh_interval: 0.05s}";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  upstreams().MoveMoneyEvery(milliseconds(20));

  const auto sightings = ReadFor(seconds(4), FleetReaders::How::kNeverBack);

  EXPECT_GT(sightings.size(), 100U);
  ExpectTrue(sightings);
  ExpectSameEverywhere(sightings);
  ExpectNeverBack(sightings);
}

TEST_F(FleetSharingTest, M183_TheSameNotBeforeIsMetByTheSameReadingEverywhere) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  v1::SourceBalance first;
  ASSERT_TRUE(member(0).Get(kPolymarketId, AtMost(milliseconds(0)), first).ok());

  v1::ReadPolicy policy;
  *policy.mutable_not_before() = first.freshness().observe_time();
  for (const auto& other : members()) {
    v1::SourceBalance balance;
    ASSERT_TRUE(other->Get(kPolymarketId, policy, balance).ok());
    EXPECT_EQ(balance.freshness().upstream_request_id(), first.freshness().upstream_request_id());
  }
  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
}

// A request that only the holder of the lease knows the answer of.
class HolderTest : public FleetSharingTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartFleet());
    ASSERT_TRUE(AreConnected());
    ReadFor(milliseconds(500));
    ASSERT_FALSE(HasFailure());
    upstreams().SetLatency(Side::kPolymarket, milliseconds(600));
    std::thread asking([this] {
      v1::SourceBalance ignored;
      member(0).Get(kPolymarketId, AtMost(milliseconds(0)), ignored, seconds(2));
    });
    EXPECT_TRUE(Becomes([this] { return HolderOf(kPolymarketId) == std::size_t{0}; }));
    ResetCounters();
    end_ = [this] { member(0).process().Signal(signal_); };
    end_();
    asking.join();
    upstreams().SetLatency(Side::kPolymarket, milliseconds(0));
  }

  // Reads the others for a while.
  void ExpectThatTheOthersGoOn() {
    std::vector<std::unique_ptr<FleetMember>> others;
    for (std::size_t i = 1; i < members().size(); ++i) others.push_back(std::move(members()[i]));
    {
      FleetReaders readers(others, FleetReaders::How::kAsItIs);
      std::this_thread::sleep_for(seconds(4));
      const auto sightings = readers.Stop();
      EXPECT_THAT(readers.failures(), IsEmpty());
      ExpectNeverBack(sightings);
      ExpectSameEverywhere(sightings);
    }
    EXPECT_GE(Requests(Side::kPolymarket), 2U);
    EXPECT_LE(Requests(Side::kPolymarket), 7U);
    for (std::size_t i = 0; i < others.size(); ++i) members()[i + 1] = std::move(others[i]);
  }

  int signal_ = SIGKILL;

 private:
  std::function<void()> end_;
};

class FrozenHolderTest : public HolderTest {
 protected:
  FrozenHolderTest() { signal_ = SIGSTOP; }
};

TEST_F(HolderTest, M184_AHolderThatIsKilledIsReplaced) {
  ExpectThatTheOthersGoOn();

  EXPECT_EQ(member(0).process().End(), "signal 9");
}

TEST_F(FrozenHolderTest, M184_AHolderThatIsFrozenIsReplacedAndTellsNothingOldLater) {
  ExpectThatTheOthersGoOn();
  member(0).process().Signal(SIGCONT);

  const auto sightings = ReadFor(seconds(2));

  ExpectNeverBack(sightings);
  ExpectSameEverywhere(sightings);
}

}  // namespace
}  // namespace balance
