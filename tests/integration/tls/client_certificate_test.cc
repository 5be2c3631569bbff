// M54: who may connect at all.

#include <gmock/gmock.h>

#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

using std::chrono::hours;

class ClientCertificateTest : public TlsServiceTest {
 protected:
  // By a probe and by a call; no handler hears of it.
  void ExpectRefused(const TestCertificate& certificate) {
    EXPECT_FALSE(balance::Handshake(Address(), {ca_.cert_pem(), certificate}).accepted);
    const auto channel = NewChannel(certificate);
    EXPECT_EQ(ListSources(*channel).error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(CallsStarted(), 0);
  }

  void ExpectAccepted(const TestCertificate& certificate) {
    const auto channel = NewChannel(certificate);
    const auto status = ListSources(*channel);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(CallsStarted(), 1);
  }
};

TEST_F(ClientCertificateTest, M54_ACertificateOfOurCaIsAccepted) {
  Start();
  ExpectAccepted(client_);
}

TEST_F(ClientCertificateTest, M54_NoCertificateIsRefused) {
  Start();
  ExpectRefused({});
}

TEST_F(ClientCertificateTest, M54_ACertificateOfAnotherCaIsRefused) {
  Start();
  ExpectRefused(TestCa("test ca").Issue({.uris = {"spiffe://desk.example/bot"}}));
}

TEST_F(ClientCertificateTest, M54_AnExpiredCertificateIsRefused) {
  Start();
  ExpectRefused(ca_.Issue(
      {.uris = {"spiffe://desk.example/bot"}, .not_before = -hours(2), .not_after = -hours(1)}));
}

TEST_F(ClientCertificateTest, M54_AServersCertificateIsRefused) {
  Start();
  ExpectRefused(ca_.Issue({.extended_key_usage = "serverAuth"}));
}

TEST_F(ClientCertificateTest, M54_PlaintextIsRefused) {
  Start();
  const auto channel = grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials());

  EXPECT_EQ(ListSources(*channel).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallsStarted(), 0);
}

TEST_F(ClientCertificateTest, M54_AnOptionalCertificateMayBeAbsent) {
  Start("  client_certificate: OPTIONAL\n");
  ExpectAccepted({});
}

TEST_F(ClientCertificateTest, M54_AnOptionalCertificateMustBeGood) {
  Start("  client_certificate: OPTIONAL\n");
  ExpectRefused(TestCa().Issue({}));
}

}  // namespace
}  // namespace balance
