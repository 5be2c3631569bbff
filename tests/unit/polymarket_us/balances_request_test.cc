#include "clients/polymarket_us/balances_request.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

#include "tests/support/fake_transport.h"

namespace balance::polymarket_us {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::string_view kSeed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr WallTime kNow{milliseconds(1756670000000)};

class BalancesRequestTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  Credentials WithKeyId(std::string_view key_id) const { return {key_id, key_}; }

 private:
  const SigningKey key_{DecodeSecretKey(kSeed)->seed};
};

BaseUrl Production() { return {.host = "api.polymarket.us", .path_prefix = ""}; }

TEST_F(BalancesRequestTest, HasAddressAndSignedHeaders) {
  const auto request = BuildBalancesRequest(Production(), WithKeyId("key-1"), kNow);

  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "https://api.polymarket.us/v1/account/balances");
  ASSERT_EQ(request->headers.size(), 5u);
  EXPECT_EQ(HeaderOf(*request, "X-PM-Access-Key"), "key-1");
  EXPECT_EQ(HeaderOf(*request, "X-PM-Timestamp"), "1756670000000");
  EXPECT_EQ(HeaderOf(*request, "X-PM-Signature"),
            "rluTQUoxWBTrcxooXfZu8r28bDaR4vEn+W69PTeRDOJEz1Q/IRZ8BsCTUIhGbFYA0NHw/"
            "2cR5TzU0ijPYNTGCw==");
  EXPECT_EQ(HeaderOf(*request, "Accept"), "application/json");
  EXPECT_EQ(HeaderOf(*request, "Cache-Control"), "no-cache, no-store");
}

TEST_F(BalancesRequestTest, PrefixIsSentButNotSigned) {
  const BaseUrl behind_proxy{.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = "/pm"};

  const auto plain = BuildBalancesRequest(Production(), WithKeyId("key-1"), kNow);
  const auto prefixed = BuildBalancesRequest(behind_proxy, WithKeyId("key-1"), kNow);

  EXPECT_EQ(prefixed->url, "http://127.0.0.1:8080/pm/v1/account/balances");
  EXPECT_EQ(HeaderOf(*prefixed, "X-PM-Signature"), HeaderOf(*plain, "X-PM-Signature"));
}

TEST_F(BalancesRequestTest, TimestampIsCutToMilliseconds) {
  const auto request =
      BuildBalancesRequest(Production(), WithKeyId("key-1"), kNow + microseconds(999));

  EXPECT_EQ(HeaderOf(*request, "X-PM-Timestamp"), "1756670000000");
}

TEST_F(BalancesRequestTest, AnotherTimeIsAnotherSignature) {
  const auto one = BuildBalancesRequest(Production(), WithKeyId("key-1"), kNow);
  const auto other = BuildBalancesRequest(Production(), WithKeyId("key-1"), kNow + milliseconds(1));

  EXPECT_NE(HeaderOf(*one, "X-PM-Signature"), HeaderOf(*other, "X-PM-Signature"));
}

TEST_F(BalancesRequestTest, AKeyIdCannotSmuggleInAHeader) {
  for (const std::string key_id :
       {"", "key 1", "key\r\nX-Other: 1", "key\n", "key\t", "k\xC3\xA9y", "\x7f"}) {
    const auto request = BuildBalancesRequest(Production(), WithKeyId(key_id), kNow);

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, ErrorKind::kCredentialsRejected);
    EXPECT_EQ(request.error().message.find("X-Other"), std::string::npos);
  }
}

}  // namespace
}  // namespace balance::polymarket_us
