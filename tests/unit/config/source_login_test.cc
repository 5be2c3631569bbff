#include "service/config/source_login.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"

namespace balance {
namespace {

class FingerprintTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  static SourceConfig PolymarketUs(const std::string& key_id, char seed) {
    SourceConfig config;
    config.venue = &polymarket_us::TheVenue();
    config.login = {{.host = "localhost", .path_prefix = ""},
                    key_id,
                    std::make_shared<const Secret>(std::string(32, seed))};
    return config;
  }

  static SourceConfig PolySimulator(const std::string& api_key) {
    SourceConfig config;
    config.venue = &polysimulator::TheVenue();
    config.login = {
        {.host = "localhost", .path_prefix = ""}, {}, std::make_shared<const Secret>(api_key)};
    return config;
  }
};

TEST_F(FingerprintTest, EqualCredentialsAreTheSameWhereverTheyAreUsed) {
  SourceConfig elsewhere = PolySimulator("key");
  elsewhere.info.source = "another";

  EXPECT_EQ(CredentialFingerprint(PolySimulator("key")), CredentialFingerprint(elsewhere));
  EXPECT_EQ(LoginFingerprint(PolySimulator("key")), LoginFingerprint(elsewhere));
  EXPECT_NE(CredentialFingerprint(PolySimulator("key")), CredentialFingerprint(PolySimulator("k")));
}

TEST_F(FingerprintTest, ANewSecretOfAKeyIsAnotherLoginOfTheSameCredential) {
  const SourceConfig before = PolymarketUs("key", 'a');
  const SourceConfig after = PolymarketUs("key", 'b');

  EXPECT_EQ(CredentialFingerprint(before), CredentialFingerprint(after));
  EXPECT_NE(LoginFingerprint(before), LoginFingerprint(after));
}

TEST_F(FingerprintTest, RequestsOfALoginMeetTheSameAtOneAddressWithOneCaFileOnly) {
  const SourceConfig one = PolymarketUs("key", 'a');
  SourceConfig elsewhere = one;
  elsewhere.login.base_url.path_prefix = "/p";
  SourceConfig with_ca = one;
  with_ca.upstream.tls_ca_file = "/ca.pem";
  SourceConfig renamed = one;
  renamed.info.source = "another";

  EXPECT_EQ(RequestFingerprint(one), RequestFingerprint(renamed));
  EXPECT_NE(RequestFingerprint(one), RequestFingerprint(elsewhere));
  EXPECT_NE(RequestFingerprint(one), RequestFingerprint(with_ca));
  EXPECT_NE(RequestFingerprint(one), RequestFingerprint(PolymarketUs("key", 'b')));
  EXPECT_NE(RequestFingerprint(one), LoginFingerprint(one));
}

TEST_F(FingerprintTest, EqualTextAtTwoVenuesIsNotTheSameCredential) {
  EXPECT_NE(CredentialFingerprint(PolymarketUs("key", 'a')),
            CredentialFingerprint(PolySimulator("key")));
}

}  // namespace
}  // namespace balance
