// M27: an upstream that cannot prove who it is never sees a request.

#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Side;

class CertificateTest : public MatrixTest {
 protected:
  MatrixSetup Serving(const CertificateWish& wish) {
    WriteCertificates(files_.Path("."), wish);
    MatrixSetup setup;
    setup.sandbox.tls_certificate_file = files_.Path("server.pem");
    setup.sandbox.tls_key_file = files_.Path("server.key");
    setup.tls_ca_file = files_.Path("ca.pem");
    setup.attempt_timeout = setup.refresh_budget = "2s";
    return setup;
  }

  // Both venues were reached, and neither was told anything.
  void ExpectRefusedUnasked() {
    for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
      const auto status = ReadAnew(IdOf(side));

      EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
      EXPECT_THAT(status.error_message(), testing::HasSubstr("certificate"));
      EXPECT_GE(upstreams().Counters(side).connections, 1U);
      EXPECT_EQ(upstreams().Counters(side).total.requests, 0U);
    }
  }
};

TEST_F(CertificateTest, M27_AGoodCertificateIsAccepted) {
  Start(Serving({}));

  EXPECT_TRUE(ReadAnew(kPolymarketId).ok());
  EXPECT_TRUE(ReadAnew(kPolysimId).ok());
}

TEST_F(CertificateTest, M27_AnExpiredCertificateIsRefused) {
  Start(Serving({.not_before = -7200, .not_after = -60}));
  ExpectRefusedUnasked();
}

TEST_F(CertificateTest, M27_ACertificateOfTheFutureIsRefused) {
  Start(Serving({.not_before = 600}));
  ExpectRefusedUnasked();
}

TEST_F(CertificateTest, M27_ACertificateForAnotherHostIsRefused) {
  Start(Serving({.subject_alt_name = "DNS:api.polymarket.us"}));
  ExpectRefusedUnasked();
}

TEST_F(CertificateTest, M27_ASelfSignedCertificateIsRefused) {
  Start(Serving({.self_signed = true}));
  ExpectRefusedUnasked();
}

TEST_F(CertificateTest, M27_ACaThatTheConfigurationDoesNotNameIsRefused) {
  MatrixSetup setup = Serving({});
  setup.tls_ca_file.clear();
  Start(setup);
  ExpectRefusedUnasked();
}

}  // namespace
}  // namespace balance
