// Many replacements in a row, good and bad, in any order of their files.

#include "service/server/rpc_port.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>

#include "service/transport/health_service.h"
#include "tests/integration/tls/tls_fixture.h"
#include "tests/support/two_addresses.h"

namespace balance {
namespace {

class RpcPortTest : public testing::Test {
 protected:
  RpcPortTest() {
    EXPECT_GE(sodium_init(), 0);
    Mount(ca_.Issue({}));
    AddHealthService(methods_, health_);
  }

  void Serve(const std::string& host) {
    Config config;
    config.listen = host + ":0";
    config.tls = TlsSettings{files_.Path("tls.crt"), files_.Path("tls.key"), "", true};
    auto port =
        RpcPort::Start(config, methods_, clock_, metrics_, {std::chrono::milliseconds(1), {}});
    ASSERT_TRUE(port) << port.error().message;
    rpc_port_ = *std::move(port);
    port_ = std::to_string(rpc_port_->port());
  }

  void Mount(const TestCertificate& pair) {
    files_.Mount(pair.cert_pem, pair.key_pem, ca_.cert_pem());
  }

  std::string ShownOn(const std::string& host) const {
    return Handshake(host + ":" + port_, {ca_.cert_pem()}).server_certificate;
  }

  const TestCa ca_;
  MountedFiles files_;
  SystemClock clock_;
  Metrics metrics_{{}};
  HealthStates health_;
  MethodTable methods_;
  std::unique_ptr<RpcPort> rpc_port_;
  std::string port_;
};

TEST_F(RpcPortTest, M52_NoHandshakeFailsWhileFilesAreReplacedAllTheTime) {
  Serve("127.0.0.1");
  Handshakes one("127.0.0.1:" + port_, {ca_.cert_pem()});
  Handshakes two("127.0.0.1:" + port_, {ca_.cert_pem()});
  TestCertificate last;

  for (int round = 0; round < 60; ++round) {
    const TestCertificate pair = ca_.Issue({});
    Mount({pair.cert_pem, "garbage"});
    files_.Mount("", pair.key_pem, "");
    // What does not fit while it is written one after the other.
    Mount({last.cert_pem.empty() ? pair.cert_pem : last.cert_pem, pair.key_pem});
    Mount(pair);
    last = pair;
    ASSERT_TRUE(Becomes([&] { return ShownOn("127.0.0.1") == pair.cert_pem; }));
  }

  one.Stop();
  two.Stop();
  EXPECT_GT(one.done() + two.done(), 100);
  EXPECT_EQ(one.failed(), 0) << one.first_failure();
  EXPECT_EQ(two.failed(), 0) << two.first_failure();
}

TEST_F(RpcPortTest, EveryAddressOfANameGetsTheNewPair) {
  Serve(kTwoAddresses);
  const TestCertificate pair = ca_.Issue({});

  Mount(pair);

  EXPECT_TRUE(Becomes([&] { return ShownOn(kFirstAddress) == pair.cert_pem; }));
  EXPECT_TRUE(Becomes([&] { return ShownOn(kSecondAddress) == pair.cert_pem; }));
}

}  // namespace
}  // namespace balance
