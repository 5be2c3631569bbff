// M27: an upstream that cannot prove who it is never sees a request.

#include <csignal>
#include <filesystem>

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

// From here on the venue was trusted before: what it shows anew counts, not what it showed then.
class WithdrawnTrustTest : public CertificateTest {
 protected:
  // Reads once, so that there are connections and TLS sessions to go on with.
  void StartTrusted(const CertificateWish& wish) {
    MatrixSetup setup = Serving(wish);
    setup.cache = "{ttl: 60s, min_refresh_interval: 0.001s}";
    Start(setup);
    for (const char* id : {kPolymarketId, kPolysimId}) ASSERT_TRUE(ReadAnew(id).ok());
  }
  bool IsRefused(const std::string& id) {
    const auto status = ReadAnew(id);
    return ReasonOf(status) == "SOURCE_UNREACHABLE" &&
           status.error_message().find("certificate") != std::string::npos;
  }
  std::uint64_t RequestsOf(Side side) { return upstreams().Counters(side).total.requests; }
  void CutConnections() {
    polymarket().ResetConnections();
    polysim().ResetConnections();
  }
  // Puts another CA in the place of the one that signed the venues' certificates.
  void WithdrawCa() {
    const std::string elsewhere = files_.Path("other-ca");
    std::filesystem::create_directory(elsewhere);
    WriteCertificates(elsewhere, {});
    std::filesystem::rename(elsewhere + "/ca.pem", files_.Path("ca.pem"));
    service().Signal(SIGHUP);
    ASSERT_TRUE(Becomes([this] { return service().Log().find("reloaded") != std::string::npos; }));
  }
};

TEST_F(WithdrawnTrustTest, M27_AWithdrawnCaEndsConnectionsThatAreOpen) {
  ASSERT_NO_FATAL_FAILURE(StartTrusted({}));
  ASSERT_NO_FATAL_FAILURE(WithdrawCa());

  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    const auto before = RequestsOf(side);
    EXPECT_TRUE(IsRefused(IdOf(side)));
    EXPECT_EQ(RequestsOf(side), before);
  }
}

TEST_F(WithdrawnTrustTest, M27_AWithdrawnCaEndsTheResumptionOfTlsSessions) {
  ASSERT_NO_FATAL_FAILURE(StartTrusted({}));
  CutConnections();
  ASSERT_NO_FATAL_FAILURE(WithdrawCa());
  CutConnections();

  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    const auto before = RequestsOf(side);
    EXPECT_TRUE(IsRefused(IdOf(side)));
    EXPECT_EQ(RequestsOf(side), before);
  }
}

TEST_F(WithdrawnTrustTest, M27_ACertificateThatExpiresEndsOpenConnections) {
  ASSERT_NO_FATAL_FAILURE(StartTrusted({.not_after = 4}));

  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    EXPECT_TRUE(Becomes([&] { return IsRefused(IdOf(side)); }));
    const auto before = RequestsOf(side);
    EXPECT_TRUE(IsRefused(IdOf(side)));
    EXPECT_EQ(RequestsOf(side), before);
  }
}

TEST_F(WithdrawnTrustTest, M27_ACertificateThatExpiresEndsTheResumptionOfTlsSessions) {
  ASSERT_NO_FATAL_FAILURE(StartTrusted({.not_after = 4}));

  // A new connection for each read.
  EXPECT_TRUE(Becomes([&] {
    CutConnections();
    return IsRefused(kPolymarketId);
  }));
  const auto before = RequestsOf(Side::kPolymarket);
  CutConnections();
  EXPECT_TRUE(IsRefused(kPolymarketId));
  EXPECT_EQ(RequestsOf(Side::kPolymarket), before);
}

}  // namespace
}  // namespace balance
