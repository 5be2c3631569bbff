// M186: what a venue says to one replica about its limits holds for all.

#include <thread>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FleetLimitsTest : public FleetTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartFleet());
    ASSERT_TRUE(AreConnected());
  }

  std::string ReasonAt(std::size_t replica, const std::string& source) {
    v1::SourceBalance balance;
    v1::ReadPolicy anew = AtMost(milliseconds(0));
    anew.mutable_max_stale();
    const auto status = member(replica).Get(source, anew, balance, seconds(2));
    return status.ok() ? ReasonOf(balance.failure()) : ReasonOf(status);
  }
};

TEST_F(FleetLimitsTest, M186_APauseThatTheVenueAsksForHoldsForAll) {
  ASSERT_TRUE(upstreams().PushNamed(Side::kPolymarket, "pm_429_retry_after"));

  EXPECT_EQ(ReasonAt(0, kPolymarketId), "SOURCE_RATE_LIMITED");
  for (std::size_t i = 1; i < members().size(); ++i) {
    EXPECT_EQ(ReasonAt(i, kPolymarketId), "SOURCE_RATE_LIMITED");
    EXPECT_TRUE(member(i).Source(kPolymarketId).has_blocked_until()) << i;
  }

  EXPECT_EQ(Requests(Side::kPolymarket), 1U);
  // It ends for all.
  for (std::size_t i = 0; i < members().size(); ++i) {
    EXPECT_TRUE(Becomes([&] { return ReasonAt(i, kPolymarketId).empty(); })) << i;
  }
}

TEST_F(FleetLimitsTest, M186_ARejectedKeyIsLeftAloneByAllAndANewSecretEndsThat) {
  const sandbox::PolymarketKey key = upstreams().polymarket_key();
  sandbox::PolymarketKey other = sandbox::GeneratePolymarketKey();
  other.key_id = key.key_id;
  ASSERT_TRUE(upstreams().AddKey(other));

  EXPECT_EQ(ReasonAt(0, kPolymarketId), "SOURCE_CREDENTIALS_REJECTED");
  const auto before = Requests(Side::kPolymarket);
  for (std::size_t i = 1; i < members().size(); ++i) {
    EXPECT_EQ(ReasonAt(i, kPolymarketId), "SOURCE_CREDENTIALS_REJECTED");
    EXPECT_TRUE(member(i).Source(kPolymarketId).has_hold_off_until()) << i;
  }
  EXPECT_EQ(Requests(Side::kPolymarket), before);

  files_.Write("secret-key", other.secret_key);
  member(1).Reload(FleetYaml());
  EXPECT_TRUE(Becomes([&] { return ReasonAt(1, kPolymarketId).empty(); }));
  // The others have not read the new secret yet, and are told what it has brought.
  for (std::size_t i = 0; i < members().size(); ++i) {
    v1::SourceBalance balance;
    v1::ReadPolicy cached;
    cached.set_only_if_cached(true);
    EXPECT_TRUE(Becomes([&] { return member(i).Get(kPolymarketId, cached, balance).ok(); })) << i;
  }
}

TEST_F(FleetLimitsTest, M186_AVenueThatFailsIsAskedByOneReplicaAtATime) {
  ASSERT_TRUE(upstreams().PushNamed(Side::kPolymarket, "pm_500_empty", 0));
  upstreams().SetLatency(Side::kPolymarket, milliseconds(50));
  FleetReaders readers(members(), FleetReaders::How::kAsItIs);

  std::this_thread::sleep_for(seconds(3));
  readers.Stop();

  EXPECT_LE(MostInASecond(Side::kPolymarket), 5);
  EXPECT_EQ(upstreams().Counters(Side::kPolymarket).max_in_flight, 1);
}

}  // namespace
}  // namespace balance
