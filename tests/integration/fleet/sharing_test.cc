// M182 to M184: replicas that share their logins have one voice to each venue, and tell the same.

#include <google/protobuf/util/time_util.h>

#include <csignal>
#include <deque>
#include <latch>
#include <set>
#include <thread>
#include <utility>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using google::protobuf::util::TimeUtil;
using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;
using testing::IsEmpty;

constexpr double kTtl = 1;
// How many requests more or fewer than TTLs there may be: the first and the last TTL are not whole,
// and what takes long is refreshed a little earlier.
constexpr double kRequestsOff = 1.5;

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

  static double SecondsSince(Steady::time_point begun) {
    return std::chrono::duration<double>(Steady::now() - begun).count();
  }

  // One read of the account by each of so many readers of each replica, all at once. The observe
  // times that they were told of the first source, in nanoseconds since 1970.
  std::set<std::int64_t> AllRead(int readers) {
    struct Call {
      grpc::ClientContext context;
      v1::GetAccountSnapshotRequest request;
      v1::AccountSnapshot snapshot;
      grpc::Status status;
    };
    std::deque<Call> calls(members().size() * static_cast<std::size_t>(readers));
    std::latch answered(static_cast<std::ptrdiff_t>(calls.size()));
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Call& call = calls[i];
      call.context.set_deadline(std::chrono::system_clock::now() + seconds(5));
      member(i % members().size())
          .stub()
          .async()
          ->GetAccountSnapshot(&call.context, &call.request, &call.snapshot,
                               [&call, &answered](grpc::Status status) {
                                 call.status = std::move(status);
                                 answered.count_down();
                               });
    }
    answered.wait();
    std::set<std::int64_t> observed;
    for (const Call& call : calls) {
      EXPECT_TRUE(call.status.ok()) << call.status.error_message();
      if (call.snapshot.sources().empty()) continue;
      const v1::SourceBalance& source = call.snapshot.sources(0);
      EXPECT_EQ(CashOf(source), kPolymarketCash);
      observed.insert(TimeUtil::TimestampToNanoseconds(source.freshness().observe_time()));
    }
    return observed;
  }
};

TEST_F(FleetSharingTest, M182_OneRequestATtlReachesEachVenue) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());

  // The budget of a Redis that was never asked begins empty.
  ReadFor(milliseconds(500));
  ResetCounters();

  const auto begun = Steady::now();
  const auto sightings = ReadFor(seconds(5));

  const double ttls = SecondsSince(begun) / kTtl;
  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    EXPECT_NEAR(static_cast<double>(Requests(side)), ttls, kRequestsOff);
    EXPECT_LE(MostInASecond(side), 5);
  }
  ExpectSameEverywhere(sightings);
  ExpectNeverBack(sightings);
  const auto shared = std::count_if(sightings.begin(), sightings.end(), [](const auto& sighting) {
    return sighting.origin == v1::Freshness::SHARED_CACHE;
  });
  EXPECT_GT(shared, static_cast<long>(sightings.size() / 2));
}

TEST_F(FleetSharingTest, M182_AThousandReadersOfEightReplicasAreOneToTheVenue) {
  FleetSetup setup;
  setup.replicas = 8;
  setup.cache =
      "{ttl: 2s, stale_while_revalidate: 5s, max_stale: 60s, min_refresh_interval: 0.25s}";
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  const auto begun = Steady::now();

  // Nobody knows anything yet: all of them wait for one request.
  std::set<std::int64_t> observed = AllRead(125);
  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
  EXPECT_EQ(Requests(Side::kPolysimulator), 1U);
  EXPECT_EQ(observed.size(), 1U);

  while (SecondsSince(begun) < 5) {
    observed.merge(AllRead(125));
    std::this_thread::sleep_for(milliseconds(300));
  }
  const double ttls = SecondsSince(begun) / 2;
  EXPECT_NEAR(static_cast<double>(Requests(Side::kPolymarket)), ttls, kRequestsOff);
  EXPECT_NEAR(static_cast<double>(Requests(Side::kPolysimulator)), ttls, kRequestsOff);
  EXPECT_LE(observed.size(), Requests(Side::kPolymarket));
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
    begun_ = Steady::now();
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
    // One more than without its end, whether the holder's own was counted or not.
    EXPECT_GE(Requests(Side::kPolymarket), 2U);
    EXPECT_LE(static_cast<double>(Requests(Side::kPolymarket)), SecondsSince(begun_) / kTtl + 1);
    for (std::size_t i = 0; i < others.size(); ++i) members()[i + 1] = std::move(others[i]);
  }

  int signal_ = SIGKILL;

 private:
  // Since when requests are counted.
  Steady::time_point begun_;
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
