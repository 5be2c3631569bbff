#include "service/config/listen_address.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(ListenAddressTest, ReadsNamesAndAddresses) {
  const auto ipv4 = ParseListenAddress("127.0.0.1:50051");
  const auto ipv6 = ParseListenAddress("[::1]:0");
  const auto name = ParseListenAddress("localhost:9464");

  ASSERT_TRUE(ipv4 && ipv6 && name);
  EXPECT_EQ(ipv4->host, "127.0.0.1");
  EXPECT_EQ(ipv4->port, 50051);
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->port, 0);
  EXPECT_EQ(name->host, "localhost");
}

TEST(ListenAddressTest, RefusesWhatIsNotHostAndPort) {
  for (const char* text : {"",
                           "50051",
                           ":50051",
                           "localhost",
                           "localhost:",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:http",
                           "localhost:1 ",
                           "::1:50051",
                           "[]:1",
                           "[:::]:1",
                           "[1::2::3]:1",
                           "[127.0.0.1]:1",
                           "[12345::]:1",
                           "256.0.0.1:1",
                           "10.0.0:1",
                           "1.2.3.4.5:1",
                           "[::1]",
                           "unix:/run/balance",
                           "http://localhost:1",
                           "a b:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)) << text;
  }
}

TEST(ListenAddressTest, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1", "LocalHost:1"}) {
    EXPECT_TRUE(ParseListenAddress(text)->IsLoopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "balance.example:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)->IsLoopback()) << text;
  }
}

TEST(ListenAddressTest, OnePortOfOneHostCollides) {
  const auto collide = [](const char* a, const char* b) {
    return Collide(*ParseListenAddress(a), *ParseListenAddress(b)) &&
           Collide(*ParseListenAddress(b), *ParseListenAddress(a));
  };
  EXPECT_TRUE(collide("127.0.0.1:9464", "127.0.0.1:9464"));
  EXPECT_TRUE(collide("0.0.0.0:9464", "127.0.0.1:9464"));
  EXPECT_TRUE(collide("[::]:9464", "10.0.0.1:9464"));
  EXPECT_TRUE(collide("[::1]:9464", "[0:0:0:0:0:0:0:1]:9464"));
  EXPECT_TRUE(collide("[2001:DB8::1]:9464", "[2001:db8::1]:9464"));
  EXPECT_TRUE(collide("LocalHost:9464", "127.0.0.1:9464"));
  EXPECT_TRUE(collide("Balance.example:9464", "balance.example:9464"));

  EXPECT_FALSE(collide("127.0.0.1:9464", "127.0.0.1:9465"));
  EXPECT_FALSE(collide("127.0.0.1:0", "127.0.0.1:0"));
  EXPECT_FALSE(collide("10.0.0.1:9464", "127.0.0.1:9464"));
}

}  // namespace
}  // namespace balance
