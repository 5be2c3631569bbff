// What is connected to, and what is refused: each with an error that says what to do.

#include "clients/redis/redis_dialer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/redis/redis_fixture.h"
#include "tests/support/test_ca.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisDialerTest : public RedisTest {
 protected:
  RedisResult<PrimaryConnection> Open(RedisSettings settings) {
    RedisDialer dialer(loop_, clock_, std::move(settings));
    return Await(dialer.Open(clock_.SteadyNow() + seconds(5)));
  }

  std::string KindOfOpening(const RedisSettings& settings) { return KindOf(Open(settings)); }

  static RedisSettings With(HostPort address, const std::string& username,
                            const std::string& password) {
    RedisSettings settings = SettingsOf(std::move(address));
    settings.login = {username, SecretOf(password)};
    return settings;
  }
};

TEST_F(RedisDialerTest, ItLearnsWhoAnswersAndItsTime) {
  const RedisServer server;

  const auto opened = Open(SettingsOf(server.address()));

  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->run_id.size(), 40U);
  EXPECT_LT(std::chrono::abs(ToWallTime(opened->clock.redis) - clock_.WallNow()), seconds(10));
  EXPECT_LE(opened->clock.sent, opened->clock.received);
}

TEST_F(RedisDialerTest, ANameIsResolved) {
  const RedisServer server;

  EXPECT_EQ(KindOfOpening(SettingsOf({"localhost", server.address().port})), "fine");
}

TEST_F(RedisDialerTest, AUserLogsInByName) {
  const RedisServer server({{"user balance on >good " + std::string(kRedisAcl), "requirepass x"}});

  EXPECT_EQ(KindOfOpening(With(server.address(), "balance", "good")), "fine");
  EXPECT_EQ(KindOfOpening(With(server.address(), "", "x")), "fine");
}

TEST_F(RedisDialerTest, M35_AWrongPasswordIsRefused) {
  const RedisServer server({{"user balance on >good " + std::string(kRedisAcl)}});
  const RedisServer closed({{"requirepass x"}});

  EXPECT_EQ(KindOfOpening(With(server.address(), "balance", "bad")), "WRONG_PASSWORD");
  EXPECT_EQ(KindOfOpening(With(server.address(), "nobody", "good")), "WRONG_PASSWORD");
  EXPECT_EQ(KindOfOpening(With(server.address(), "", "good")), "WRONG_PASSWORD");
  EXPECT_EQ(KindOfOpening(SettingsOf(closed.address())), "WRONG_PASSWORD");
}

TEST_F(RedisDialerTest, AUserWhoLacksACommandIsTold) {
  const RedisServer server({{"user balance on >good ~bal:* &bal:* +ping"}});

  EXPECT_EQ(KindOfOpening(With(server.address(), "balance", "good")), "NOT_PERMITTED");
}

TEST_F(RedisDialerTest, M35_AReplicaIsRefused) {
  const RedisServer primary;
  const RedisServer replica({{"replicaof 127.0.0.1 " + std::to_string(primary.address().port)}});
  ASSERT_TRUE(Becomes([&] {
    return replica.Command({"INFO", "replication"}).text.find("master_link_status:up") !=
           std::string::npos;
  }));

  const auto opened = Open(SettingsOf(replica.address()));

  EXPECT_EQ(KindOf(opened), "REPLICA");
  EXPECT_NE(opened.error().message.find("fleet.redis.address"), std::string::npos);
}

TEST_F(RedisDialerTest, M35_AClusterIsRefused) {
  const RedisServer server({{"cluster-enabled yes"}});

  EXPECT_EQ(KindOfOpening(SettingsOf(server.address())), "CLUSTER");
}

TEST_F(RedisDialerTest, ASentinelIsNoRedis) {
  const RedisServer sentinel({.is_sentinel = true});

  EXPECT_EQ(KindOfOpening(SettingsOf(sentinel.address())), "NO_PRIMARY");
}

TEST_F(RedisDialerTest, M35_OneThatTakesNoMoreClientsIsLeftAlone) {
  const RedisServer server({{"maxclients 3"}});
  std::vector<RedisResult<PrimaryConnection>> opened;
  do {
    opened.push_back(Open(SettingsOf(server.address())));
  } while (opened.back() && opened.size() < 10);

  // It hangs up on what we say before we have read why.
  const std::string kind = KindOf(opened.back());
  EXPECT_TRUE(kind == "TOO_MANY_CLIENTS" || kind == "UNREACHABLE") << kind;
}

class RedisTlsTest : public RedisDialerTest {
 protected:
  RedisTlsTest() : folder_((std::filesystem::temp_directory_path() / "redis-ca-XXXXXX").string()) {
    if (!mkdtemp(folder_.data())) throw std::runtime_error("no folder");
  }
  ~RedisTlsTest() override { std::filesystem::remove_all(folder_); }

  static RedisServer::Options Serving(const TestCertificate& certificate) {
    return {.certificate = certificate.cert_pem, .key = certificate.key_pem};
  }

  RedisSettings Trusting(HostPort address, const TestCa& ca) {
    const std::string file = folder_ + "/ca.pem";
    std::ofstream(file, std::ios::trunc) << ca.cert_pem();
    RedisSettings settings = SettingsOf(std::move(address));
    settings.tls = {true, file};
    return settings;
  }

  const TestCa ca_;
  std::string folder_;
};

TEST_F(RedisTlsTest, AServerThatTheCaVouchesForIsConnectedTo) {
  const RedisServer by_address(Serving(ca_.Issue({.ip_addresses = {"127.0.0.1"}})));
  const RedisServer by_name(Serving(ca_.Issue({.dns_names = {"localhost"}})));

  EXPECT_EQ(KindOfOpening(Trusting(by_address.tls_address(), ca_)), "fine");
  EXPECT_EQ(KindOfOpening(Trusting({"localhost", by_name.tls_address().port}, ca_)), "fine");
}

TEST_F(RedisTlsTest, M35_AServerThatItDoesNotVouchForIsRefused) {
  const RedisServer server(Serving(ca_.Issue({.ip_addresses = {"127.0.0.1"}})));
  const RedisServer other_host(Serving(ca_.Issue({.dns_names = {"redis.example"}})));
  const RedisServer expired(Serving(ca_.Issue({.ip_addresses = {"127.0.0.1"},
                                               .not_before = -std::chrono::hours(48),
                                               .not_after = -std::chrono::hours(24)})));
  const TestCa other_ca;

  const auto unknown_ca = Open(Trusting(server.tls_address(), other_ca));
  EXPECT_EQ(KindOf(unknown_ca), "TLS");
  EXPECT_NE(unknown_ca.error().message.find("ca_file"), std::string::npos);
  EXPECT_EQ(KindOfOpening(Trusting(other_host.tls_address(), ca_)), "TLS");
  EXPECT_EQ(KindOfOpening(Trusting(expired.tls_address(), ca_)), "TLS");
}

TEST_F(RedisTlsTest, M35_PlainWhereTlsIsExpectedAndTheOtherWayRound) {
  const RedisServer server(Serving(ca_.Issue({.ip_addresses = {"127.0.0.1"}})));
  RedisSettings plain = SettingsOf(server.tls_address());
  RedisSettings tls = Trusting(server.address(), ca_);
  // A plain Redis does not answer what it takes for the beginning of a command.
  plain.connect_timeout = tls.connect_timeout = seconds(1);

  RedisDialer plain_dialer(loop_, clock_, plain);
  RedisDialer tls_dialer(loop_, clock_, tls);
  const std::string to_tls = KindOf(Await(plain_dialer.Open(clock_.SteadyNow() + seconds(1))));
  const std::string to_plain = KindOf(Await(tls_dialer.Open(clock_.SteadyNow() + seconds(1))));

  EXPECT_TRUE(to_tls == "PROTOCOL" || to_tls == "UNREACHABLE") << to_tls;
  EXPECT_TRUE(to_plain == "TLS" || to_plain == "TIMED_OUT") << to_plain;
}

TEST_F(RedisTlsTest, ACaFileThatCannotBeReadIsTheOperatorsMistake) {
  const RedisServer server(Serving(ca_.Issue({.ip_addresses = {"127.0.0.1"}})));
  RedisSettings settings = SettingsOf(server.tls_address());
  settings.tls = {true, folder_ + "/no-such.pem"};

  const auto opened = Open(settings);

  EXPECT_EQ(KindOf(opened), "TLS");
  EXPECT_NE(opened.error().message.find("ca_file"), std::string::npos);
}

}  // namespace
}  // namespace balance
