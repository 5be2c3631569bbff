// M51, M52: certificates, keys and client CAs are replaced while the server serves.

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/server/venues.h"
#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

using std::chrono::hours;
using HealthWatch = grpc::ClientReader<grpc::health::v1::HealthCheckResponse>;

constexpr const char* kTakenOver = "balance_tls_reloads_total{result=\"OK\"}";
constexpr const char* kRejected = "balance_tls_reloads_total{result=\"REJECTED\"}";
constexpr const char* kExpiry = "balance_tls_certificate_expiry_timestamp_seconds";

// Of the connection that the call went over.
std::string ServerCertificateOf(const grpc::ClientContext& context) {
  const auto values = context.auth_context()->FindPropertyValues("x509_pem_cert");
  return values.empty() ? "" : std::string(values.front().data(), values.front().size());
}

class RotationTest : public TlsServiceTest {
 protected:
  TestCertificate NewPair(hours not_after = std::chrono::days(31)) const {
    return ca_.Issue({.ip_addresses = {"127.0.0.1"}, .not_after = not_after});
  }
};

TEST_F(RotationTest, M51_NewHandshakesGetTheNewPairWithinFifteenSeconds) {
  Start();
  ASSERT_TRUE(Shows(first_));
  const double expiry = Metric(kExpiry);
  const TestCertificate second = NewPair();

  Mount(second);

  EXPECT_TRUE(Becomes([&] { return Shows(second); }));
  // Counted once it is in force.
  EXPECT_TRUE(Becomes([&] { return Metric(kTakenOver) == 1; }));
  EXPECT_EQ(Metric(kRejected), 0);
  EXPECT_GT(Metric(kExpiry), expiry + 23 * 3600);
}

TEST_F(RotationTest, M51_OldConnectionsAndStreamsLiveOn) {
  Start();
  const auto channel = NewChannel(client_);
  const auto stub = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext watching;
  const std::unique_ptr<HealthWatch> watch = stub->Watch(&watching, {});
  grpc::health::v1::HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));
  const TestCertificate second = NewPair();

  Mount(second);

  ASSERT_TRUE(Becomes([&] { return Shows(second); }));
  grpc::ClientContext call;
  EXPECT_TRUE(ListSources(*channel, call).ok());
  EXPECT_EQ(ServerCertificateOf(call), first_.cert_pem);
  server_->WithdrawHealth();
  ASSERT_TRUE(watch->Read(&health));
  EXPECT_EQ(health.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  watching.TryCancel();
  watch->Finish();
}

TEST_F(RotationTest, M51_ClientCasOverlapAndEnd) {
  Start();
  const TestCa next;
  const Probe newcomer{ca_.cert_pem(), next.Issue({.uris = {"spiffe://desk.example/bot"}})};
  const auto accepts_newcomer = [&] { return balance::Handshake(Address(), newcomer).accepted; };
  ASSERT_FALSE(accepts_newcomer());

  files_.Mount(first_.cert_pem, first_.key_pem, ca_.cert_pem() + next.cert_pem());
  EXPECT_TRUE(Becomes(accepts_newcomer));
  EXPECT_TRUE(Handshake().accepted);

  files_.Mount(first_.cert_pem, first_.key_pem, next.cert_pem());
  EXPECT_TRUE(Becomes([&] { return !Handshake().accepted; }));
  EXPECT_TRUE(accepts_newcomer());
}

TEST_F(RotationTest, M163_AStreamWhoseCertificateNobodyVouchesForAnyMoreIsEnded) {
  Start();
  const auto stub = v1::BalanceService::NewStub(NewChannel(client_));
  grpc::ClientContext context;
  const auto stream = stub->WatchAccountSnapshots(&context, v1::WatchAccountSnapshotsRequest());
  v1::WatchAccountSnapshotsResponse message;
  ASSERT_TRUE(stream->Read(&message));
  const TestCa next;

  files_.Mount(first_.cert_pem, first_.key_pem, next.cert_pem());

  while (stream->Read(&message)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(RotationTest, M51_NoHandshakeFailsMeanwhile) {
  Start();
  Handshakes handshakes(Address(), {ca_.cert_pem(), client_});

  for (int swap = 0; swap < 3; ++swap) {
    const TestCertificate pair = NewPair();
    Mount(pair);
    ASSERT_TRUE(Becomes([&] { return Shows(pair); }));
  }

  handshakes.Stop();
  EXPECT_GT(handshakes.done(), 10);
  EXPECT_EQ(handshakes.failed(), 0) << handshakes.first_failure();
}

TEST_F(RotationTest, M52_BadFilesLeaveTheLastGoodOnesInForceAndAreCounted) {
  Start();
  Handshakes handshakes(Address(), {ca_.cert_pem(), client_});
  const TestCertificate other = NewPair();
  const TestCertificate expired = NewPair(-hours(0));
  const std::string half = other.cert_pem.substr(0, other.cert_pem.size() / 2);
  const std::string leaf = client_.cert_pem;
  const std::string cas = ca_.cert_pem();
  const std::vector<std::vector<std::string>> bad = {
      {other.cert_pem, first_.key_pem, cas},  // A pair that does not fit.
      {half, other.key_pem, cas},             // Corrupt.
      {other.cert_pem, "garbage", cas},
      {expired.cert_pem, expired.key_pem, cas},
      {"", "", ""},  // Removed.
      {other.cert_pem, other.key_pem, ""},
      {other.cert_pem, other.key_pem, leaf},  // No CA.
  };

  int rejected = 0;
  for (const auto& files : bad) {
    files_.Mount(files[0], files[1], files[2]);
    ++rejected;
    ASSERT_TRUE(Becomes([&] { return Metric(kRejected) >= rejected; })) << rejected;
    EXPECT_TRUE(Shows(first_));
  }
  handshakes.Stop();
  EXPECT_GT(handshakes.done(), 10);
  EXPECT_EQ(handshakes.failed(), 0) << handshakes.first_failure();
  EXPECT_EQ(Metric(kTakenOver), 0);

  Mount(other);
  EXPECT_TRUE(Becomes([&] { return Shows(other); }));
}

TEST_F(RotationTest, M52_AKeyThatEveryUserCanReadIsRefused) {
  Start();

  chmod(files_.Path("tls.key").c_str(), 0644);

  EXPECT_TRUE(Becomes([&] { return Metric(kRejected) == 1; }));
  EXPECT_TRUE(Shows(first_));
}

TEST_F(RotationTest, BadFilesKeepNoRevocationWaiting) {
  const auto caller = [](const std::string& name) {
    return "callers: [{id: a, spiffe_id: 'spiffe://desk.example/" + name + "', accounts: ['*']}]\n";
  };
  Start("", caller("bot"));
  const auto channel = NewChannel(client_);
  ASSERT_TRUE(ListSources(*channel).ok());
  files_.Mount(first_.cert_pem, NewPair().key_pem, "");

  EXPECT_TRUE(Reload(caller("other")));

  EXPECT_EQ(ListSources(*channel).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(RotationTest, Tls12IsTheOldestThatIsSpoken) {
  Start();
  const Probe newest{ca_.cert_pem(), client_};
  Probe twelve = newest;
  twelve.newest_version = TLS1_2_VERSION;
  Probe eleven = newest;
  eleven.newest_version = TLS1_1_VERSION;

  EXPECT_EQ(balance::Handshake(Address(), newest).version, "TLSv1.3");
  EXPECT_TRUE(balance::Handshake(Address(), twelve).accepted);
  EXPECT_EQ(balance::Handshake(Address(), twelve).version, "TLSv1.2");
  const ProbeResult old = balance::Handshake(Address(), eleven);
  EXPECT_FALSE(old.accepted);
  // By the server, not by the client.
  EXPECT_EQ(old.refusal, "tlsv1 alert protocol version");
}

TEST_F(RotationTest, AStartWithFilesThatCannotServeFailsWithTheReason) {
  TlsSettings settings{files_.Path("tls.crt"), files_.Path("tls.key"), "", true};
  files_.Mount(first_.cert_pem, NewPair().key_pem, "");
  Config config;
  config.listen = config.admin_listen = "127.0.0.1:0";
  config.tls = settings;
  BalanceServer server(std::move(config), KindsOf(AllVenues()));

  const auto started = server.Start();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message,
              testing::HasSubstr("tls.private_key_file: the key in the file"));
}

}  // namespace
}  // namespace balance
