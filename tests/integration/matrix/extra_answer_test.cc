// M70: a venue that answers twice. What nobody asked for never becomes the figure of a later read.

#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;

constexpr int kReads = 10;

class ExtraAnswerTest : public MatrixTest {
 protected:
  // Without the proxies, so that what a venue has sent has arrived.
  void StartDirectly(MatrixSetup setup = {}) {
    const bool tls = !setup.sandbox.tls_certificate_file.empty();
    ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
    setup.polymarket_url = LoopbackUrl(tls ? "https" : "http", upstreams().port(Side::kPolymarket));
    setup.polysim_url = LoopbackUrl(tls ? "https" : "http", upstreams().port(Side::kPolysimulator));
    StartService(setup);
  }
  MatrixSetup OverTls() {
    WriteCertificates(files_.Path("."), {});
    MatrixSetup setup;
    setup.sandbox.tls_certificate_file = files_.Path("server.pem");
    setup.sandbox.tls_key_file = files_.Path("server.key");
    setup.tls_ca_file = files_.Path("ca.pem");
    return setup;
  }

  // Reads anew after each change of the money, and waits until the venue has nothing more to say.
  void ExpectEveryReadToBeTrue(Side side) {
    for (int i = 1; i <= kReads; ++i) {
      const std::string cash = std::to_string(1000 + i) + ".25";
      side == Side::kPolymarket ? SetPolymarketCash(cash) : SetPolysimCash(cash);
      v1::SourceBalance source;
      const auto status = ReadAnew(IdOf(side), source);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(CashOf(source), cash);
      ASSERT_TRUE(Becomes([&] { return upstreams().Counters(side).in_flight == 0; }));
    }
  }
  void ExpectEveryReadToBeTrueOfTwoAnswers(Side side) {
    Fault unasked;
    unasked.kind = FaultKind::kUnasked;
    // Seldom read in one piece with the first, where libcurl sees it itself.
    unasked.drip = std::chrono::milliseconds(10);
    Always(side, unasked);

    ExpectEveryReadToBeTrue(side);

    const auto counters = upstreams().Counters(side);
    EXPECT_EQ(counters.total.requests, static_cast<std::uint64_t>(kReads));
    EXPECT_EQ(counters.total.reused_signatures, 0U);
    // None was used again.
    EXPECT_EQ(counters.connections, static_cast<std::uint64_t>(kReads));
    EXPECT_GE(Dropped(side, "UNASKED_BYTES"), 1);
    EXPECT_LE(Dropped(side, "UNASKED_BYTES"), kReads - 1);
    const Side other = side == Side::kPolymarket ? Side::kPolysimulator : Side::kPolymarket;
    EXPECT_EQ(Dropped(other, "UNASKED_BYTES"), 0);
  }

  int Dropped(Side side, const std::string& reason) const {
    const std::string metrics = AdminPage("/metrics");
    const std::string kind = side == Side::kPolymarket ? "POLYMARKET_US" : "POLYSIMULATOR";
    const std::string series = "balance_upstream_connections_dropped_total{kind=\"" + kind +
                               "\",reason=\"" + reason + "\"} ";
    const auto at = metrics.find(series);
    return at == std::string::npos ? -1 : std::atoi(metrics.c_str() + at + series.size());
  }
};

TEST_F(ExtraAnswerTest, M70_AVenueThatAnswersTwiceAtPolymarket) {
  ASSERT_NO_FATAL_FAILURE(StartDirectly());
  ExpectEveryReadToBeTrueOfTwoAnswers(Side::kPolymarket);
}

TEST_F(ExtraAnswerTest, M70_AVenueThatAnswersTwiceAtPolySimulator) {
  ASSERT_NO_FATAL_FAILURE(StartDirectly());
  ExpectEveryReadToBeTrueOfTwoAnswers(Side::kPolysimulator);
}

TEST_F(ExtraAnswerTest, M70_AVenueThatAnswersTwiceOverTls) {
  ASSERT_NO_FATAL_FAILURE(StartDirectly(OverTls()));
  ExpectEveryReadToBeTrueOfTwoAnswers(Side::kPolymarket);
}

// Session tickets come in after the handshake; they are no unasked answers.
TEST_F(ExtraAnswerTest, AnHonestVenueKeepsItsConnectionOverTls) {
  ASSERT_NO_FATAL_FAILURE(StartDirectly(OverTls()));

  ExpectEveryReadToBeTrue(Side::kPolymarket);

  EXPECT_EQ(upstreams().Counters(Side::kPolymarket).connections, 1U);
  EXPECT_EQ(Dropped(Side::kPolymarket, "UNASKED_BYTES"), 0);
  EXPECT_EQ(Dropped(Side::kPolymarket, "CLOSED_BY_PEER"), 0);
}

}  // namespace
}  // namespace balance
