#include "service/server/upstream_guards.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "clients/polymarket_us/venue.h"
#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::minutes;

class UpstreamGuardsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  static SourceConfig Source(const std::string& key_id, char seed, const std::string& host = "a",
                             const std::string& prefix = "") {
    SourceConfig config;
    config.venue = &polymarket_us::TheVenue();
    config.login = {{.host = host, .path_prefix = prefix},
                    key_id,
                    std::make_shared<const Secret>(std::string(32, seed))};
    return config;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  UpstreamGuards guards_{loop_.get_executor(), clock_, ConnectionLimits(), 1};
};

TEST_F(UpstreamGuardsTest, SourcesOfOneLoginShareAllOfThem) {
  const SourceGuards one = guards_.Of(Source("key", 's'));
  const SourceGuards other = guards_.Of(Source("key", 's'));

  EXPECT_EQ(one.credential.pacer, other.credential.pacer);
  EXPECT_EQ(one.login.breaker, other.login.breaker);
  EXPECT_EQ(one.login.retries, other.login.retries);
  EXPECT_EQ(one.host.breaker, other.host.breaker);
}

TEST_F(UpstreamGuardsTest, LoginsAtOneHostShareTheHostOnly) {
  const SourceGuards one = guards_.Of(Source("key", 's'));
  const SourceGuards other = guards_.Of(Source("another", 's'));

  EXPECT_NE(one.credential.pacer, other.credential.pacer);
  EXPECT_NE(one.login.breaker, other.login.breaker);
  EXPECT_NE(one.login.retries, other.login.retries);
  EXPECT_EQ(one.host.breaker, other.host.breaker);
  EXPECT_EQ(one.host.clock_skew, other.host.clock_skew);
}

TEST_F(UpstreamGuardsTest, ACredentialHasOneRateWhereverAndWithWhateverSecretItIsUsed) {
  const SourceGuards one = guards_.Of(Source("key", 's'));
  SourceConfig with_ca = Source("key", 's');
  with_ca.upstream.tls_ca_file = "/ca.pem";

  for (const SourceConfig& source :
       {Source("key", 't'), Source("key", 's', "b"), Source("key", 's', "a", "/proxy"), with_ca}) {
    const SourceGuards other = guards_.Of(source);
    EXPECT_EQ(one.credential.pacer, other.credential.pacer);
    EXPECT_NE(one.login.breaker, other.login.breaker);
  }
}

// All accounts of a shard take effect in one piece.
TEST_F(UpstreamGuardsTest, M113_ASourceWhoseRateAndLoginStayHasNothingToDoWhenItTakesEffect) {
  SourceConfig source = Source("key", 's');
  const SourceGuards guards = guards_.Of(source);
  source.info.cache.ttl += minutes(1);

  EXPECT_FALSE(guards_.ChangeBy(source));
}

TEST_F(UpstreamGuardsTest, ARateIsThatOfItsCredentialOnceItTakesEffect) {
  SourceConfig source = Source("key", 's');
  source.upstream.rate = {1, 1};
  const SourceGuards guards = guards_.Of(source);
  source.upstream.rate = {0.5, 1};
  const Duration fast = guards.credential.pacer->Interval();

  const auto change = guards_.ChangeBy(source);
  ASSERT_TRUE(change);
  EXPECT_EQ(guards.credential.pacer->Interval(), fast);
  change();

  EXPECT_GT(guards.credential.pacer->Interval(), fast);
  EXPECT_FALSE(guards_.ChangeBy(source));
}

TEST_F(UpstreamGuardsTest, ARejectionIsOfOneSecretAlone) {
  const SourceGuards old = guards_.Of(Source("key", 's'));
  const SourceGuards fresh = guards_.Of(Source("key", 't'));

  fresh.credential.hold_off->OnRejected(clock_.Time(), {ErrorKind::kCredentialsRejected, "no"});

  EXPECT_FALSE(old.credential.hold_off->Because(clock_.Time()));
  EXPECT_TRUE(guards_.Of(Source("key", 't')).credential.hold_off->Because(clock_.Time()));
}

TEST_F(UpstreamGuardsTest, ASecretThatWasRejectedAndComesBackIsTriedAgain) {
  const SourceGuards rejected = guards_.Of(Source("key", 's'));
  rejected.credential.hold_off->OnRejected(clock_.Time(), {ErrorKind::kCredentialsRejected, "no"});
  EXPECT_FALSE(guards_.ChangeBy(Source("key", 's')));

  const SourceGuards other = guards_.Of(Source("key", 't'));
  const auto change = guards_.ChangeBy(Source("key", 't'));
  ASSERT_TRUE(change);
  change();
  EXPECT_FALSE(guards_.ChangeBy(Source("key", 't')));
  EXPECT_TRUE(rejected.credential.hold_off->Because(clock_.Time()));
  guards_.OnReload();
  const auto change_back = guards_.ChangeBy(Source("key", 's'));
  ASSERT_TRUE(change_back);
  change_back();

  EXPECT_FALSE(rejected.credential.hold_off->Because(clock_.Time()));
  EXPECT_EQ(guards_.Of(Source("key", 's')).credential.hold_off, rejected.credential.hold_off);
}

TEST_F(UpstreamGuardsTest, M83_AReloadEndsHoldOffsForARejectedTime) {
  const SourceGuards source = guards_.Of(Source("key", 's'));
  source.credential.hold_off->OnRejected(clock_.Time(), {ErrorKind::kClockSkew, "too late"});
  guards_.OnReload();

  EXPECT_FALSE(source.credential.hold_off->Because(clock_.Time()));
}

TEST_F(UpstreamGuardsTest, ALoginIsForgottenWithItsSourcesAndACredentialLater) {
  std::weak_ptr<LoginBreaker> login;
  std::weak_ptr<Pacer> pacer;
  {
    const SourceGuards source = guards_.Of(Source("key", 's'));
    login = source.login.breaker;
    pacer = source.credential.pacer;
    guards_.OnReload();
    EXPECT_FALSE(login.expired());
  }
  guards_.OnReload();
  EXPECT_TRUE(login.expired());
  EXPECT_FALSE(pacer.expired());

  clock_.Advance(minutes(15));
  guards_.OnReload();
  EXPECT_TRUE(pacer.expired());
}

}  // namespace
}  // namespace balance
