#include "clients/polysimulator/balance_request.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

#include "tests/support/fake_transport.h"

namespace balance::polysimulator {
namespace {

class BalanceRequestTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }
};

TEST_F(BalanceRequestTest, HasAddressAndKey) {
  const BaseUrl base_url{.host = "api.polysimulator.com", .path_prefix = "/ps"};

  const auto request = BuildBalanceRequest(base_url, Secret("ps_live_abc"));

  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "https://api.polysimulator.com/ps/v1/account/balance");
  ASSERT_EQ(request->headers.size(), 3u);
  EXPECT_EQ(HeaderOf(*request, "X-API-Key"), "ps_live_abc");
  EXPECT_EQ(HeaderOf(*request, "Accept"), "application/json");
  EXPECT_EQ(HeaderOf(*request, "Cache-Control"), "no-cache, no-store");
}

TEST_F(BalanceRequestTest, AKeyCannotSmuggleInAHeader) {
  for (const std::string key : {"", "ps live", "ps_live\r\nX-Other: 1", "ps_live\n", "ps\tlive"}) {
    const auto request = BuildBalanceRequest({.host = "h", .path_prefix = ""}, Secret(key));

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, ErrorKind::kCredentialsRejected);
    EXPECT_EQ(request.error().message.find("X-Other"), std::string::npos);
  }
}

}  // namespace
}  // namespace balance::polysimulator
