#include "clients/balancectl/tls_check.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace balance::ctl {
namespace {

const TlsFlags kFlags = {true, "ca.pem", "bot.pem", "bot.key", ""};

TEST(CheckTlsTextsTest, FilesThatFit) {
  const TestCa ca;
  const TestCertificate bot = ca.Issue({});

  EXPECT_FALSE(CheckTlsTexts(kFlags, {ca.cert_pem(), bot.cert_pem, bot.key_pem}));
  EXPECT_FALSE(CheckTlsTexts(kFlags, {ca.cert_pem(), "", ""}));
  EXPECT_FALSE(CheckTlsTexts(kFlags, {}));
}

TEST(CheckTlsTextsTest, FilesThatDoNotAreNamed) {
  const TestCa ca;
  const TestCertificate bot = ca.Issue({});

  EXPECT_EQ(CheckTlsTexts(kFlags, {bot.key_pem, "", ""}),
            "ca.pem holds no certificate that can be read");
  EXPECT_EQ(CheckTlsTexts(kFlags, {"", bot.key_pem, bot.key_pem}),
            "bot.pem holds no certificate that can be read");
  EXPECT_EQ(CheckTlsTexts(kFlags, {"", bot.cert_pem, bot.cert_pem}),
            "bot.key holds no private key that can be read without a pass phrase");
  EXPECT_EQ(CheckTlsTexts(kFlags, {"", bot.cert_pem, ca.Issue({}).key_pem}),
            "the key in bot.key does not fit the certificate in bot.pem");
}

TEST(ConnectionHintTest, OnlyOfFailuresOnTheWay) {
  EXPECT_EQ(ConnectionHint({grpc::StatusCode::NOT_FOUND, "Socket closed"}, {}), "");
  EXPECT_EQ(ConnectionHint({grpc::StatusCode::UNAVAILABLE, "Connection refused"}, {}), "");
}

TEST(ConnectionHintTest, AClosedSocketMeansWhatIsNotOffered) {
  const grpc::Status closed(grpc::StatusCode::UNAVAILABLE, "ipv4:127.0.0.1:1: Socket closed");
  TlsFlags flags;
  EXPECT_EQ(ConnectionHint(closed, flags), "the server may want --tls");
  flags.enabled = true;
  EXPECT_EQ(ConnectionHint(closed, flags),
            "the server may want a certificate: --tls-cert, --tls-key");
  flags.cert_file = "bot.pem";
  EXPECT_EQ(ConnectionHint(closed, flags), "the server may not trust the certificate in bot.pem");
}

}  // namespace
}  // namespace balance::ctl
