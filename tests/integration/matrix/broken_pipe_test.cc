// M41: peers that are gone before they are written to. SIGPIPE would end the process.

#include <signal.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <sstream>
#include <string>

#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kRounds = 25;

class BrokenPipeTest : public MatrixTest {
 protected:
  tcp::socket ConnectTo(const std::string& address) {
    const auto colon = address.rfind(':');
    tcp::socket socket(loop_);
    socket.connect({asio::ip::make_address(address.substr(0, colon)),
                    static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
    return socket;
  }

  static void Leave(tcp::socket& socket, bool reset) {
    if (reset) socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();
  }

  void StartWithTls() {
    WriteCertificates(files_.Path("."), {});
    MatrixSetup setup;
    setup.sandbox.tls_certificate_file = files_.Path("server.pem");
    setup.sandbox.tls_key_file = files_.Path("server.key");
    setup.tls_ca_file = files_.Path("ca.pem");
    Start(setup);
  }

  // How many snapshot calls were "started" or "handled", whatever came of them.
  int Calls(const std::string& what) const {
    const std::string series = "grpc_server_" + what + "_total{";
    std::istringstream lines(AdminPage("/metrics"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(series) || line.find("GetAccountSnapshot\"") == std::string::npos) {
        continue;
      }
      count += std::stoi(line.substr(line.rfind(' ')));
    }
    return count;
  }

  asio::io_context loop_;
};

TEST_F(BrokenPipeTest, M41_TheSignalItselfIsIgnored) {
  Start();
  ASSERT_EQ(kill(service().pid(), SIGPIPE), 0);

  EXPECT_TRUE(ReadAnew(kPolymarketId).ok());
}

TEST_F(BrokenPipeTest, M41_AnIdleUpstreamConnectionIsResetUnderTls) {
  StartWithTls();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(ReadAnew(kPolymarketId).ok()) << service().Stop();
    // Now TLS has a farewell to write, and nobody to write it to.
    polymarket().ResetConnections();
  }

  EXPECT_TRUE(ReadAnew(kPolymarketId).ok());
  EXPECT_EQ(polymarket().stats().connections, 6U);
}

TEST_F(BrokenPipeTest, M41_TheUpstreamLeavesInTheTlsHandshake) {
  StartWithTls();
  // Reads that fail come too seldom once a breaker is open; a few are enough here.
  for (const std::uint64_t bytes : {1U, 100U, 700U}) {
    polymarket().Set({.reset_peer = bytes});
    EXPECT_EQ(ReasonOf(ReadAnew(kPolymarketId)), "SOURCE_UNREACHABLE") << bytes;
    polysim().Set({.limit_data = bytes});
    EXPECT_EQ(ReasonOf(ReadAnew(kPolysimId)), "SOURCE_UNREACHABLE") << bytes;
  }

  EXPECT_TRUE(service().IsAlive());
}

TEST_F(BrokenPipeTest, M41_ScrapersLeaveBeforeTheirPage) {
  Start();
  for (int i = 0; i < kRounds; ++i) {
    for (const bool reset : {true, false}) {
      tcp::socket socket = ConnectTo(service().admin_address());
      asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")));
      Leave(socket, reset);
    }
  }

  EXPECT_THAT(AdminPage("/metrics"), testing::HasSubstr("200 OK"));
}

TEST_F(BrokenPipeTest, M41_CallersLeaveBeforeTheirAnswer) {
  Start();
  v1::GetAccountSnapshotRequest anew;
  anew.mutable_policy()->mutable_max_age();
  int calls = 0;
  // The first half of the calls waits for an answer that comes when they are gone, the other half
  // has it at once.
  for (const auto latency : {std::chrono::milliseconds(100), std::chrono::milliseconds(0)}) {
    polymarket().Set({.latency = latency});
    for (int i = 0; i < kRounds; ++i) {
      Http2Peer peer(service().grpc_address());
      ASSERT_TRUE(peer.Send(EncodedCall(1, anew.SerializeAsString())));
      ++calls;
      EXPECT_TRUE(Becomes([this, &calls] { return Calls("started") == calls; }));
      peer.Leave(i % 2 == 0);
    }
  }

  v1::AccountSnapshot snapshot;
  const auto status = GetAnew(snapshot);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(Becomes([this, &calls] { return Calls("handled") == calls + 1; }));
}

}  // namespace
}  // namespace balance
