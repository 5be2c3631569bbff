// M73: a venue has moved to another address. The attempt after one that failed resolves its name
// anew and uses a connection of its own.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using sandbox::Side;

class MovedVenueTest : public MatrixTest {
 protected:
  // Where nobody answers, or nobody listens, and then where the venue is.
  static constexpr const char* kOld = "127.0.0.2";
  static constexpr const char* kNew = "127.0.0.1";

  // `addresses`: one a line, in the order in which the name has them.
  void StartAt(const std::string& addresses) {
    WriteCertificates(files_.Path("."), {.subject_alt_name = "DNS:moving.test,IP:127.0.0.1"});
    MatrixSetup setup;
    setup.sandbox.tls_certificate_file = files_.Path("server.pem");
    setup.sandbox.tls_key_file = files_.Path("server.key");
    setup.tls_ca_file = files_.Path("ca.pem");
    ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
    MoveTo(addresses);
    const auto port = polysim().port();
    // Connections are made there, and that is all.
    old_address_.open(tcp::v4());
    old_address_.set_option(tcp::acceptor::reuse_address(true));
    old_address_.bind({asio::ip::make_address(kOld), port});
    old_address_.listen();
    setup.polysim_url = "https://moving.test:" + std::to_string(port);
    setup.environment = {"LD_PRELOAD=" MOVING_RESOLVER,
                         "MOVING_RESOLVER_FILE=" + files_.Path("address"),
                         "ASAN_OPTIONS=verify_asan_link_order=0"};
    StartService(setup);
  }
  void MoveTo(const std::string& addresses) { files_.Write("address", addresses); }

  asio::io_context loop_;
  tcp::acceptor old_address_{loop_};
};

TEST_F(MovedVenueTest, M73_AnAddressThatDoesNotAnswerIsAskedForAnew) {
  ASSERT_NO_FATAL_FAILURE(StartAt(kOld));
  EXPECT_EQ(ReasonOf(ReadAnew(kPolysimId)), "SOURCE_UNREACHABLE");

  MoveTo(kNew);

  const auto moved = std::chrono::steady_clock::now();
  EXPECT_TRUE(Heals(kPolysimId));
  // A minute is how long an address is used that answers.
  EXPECT_LT(std::chrono::steady_clock::now() - moved, std::chrono::seconds(15));
}

// It fails within the second in which it was resolved.
TEST_F(MovedVenueTest, M73_TheFirstRetryAfterARefusalReachesTheNewAddress) {
  ASSERT_NO_FATAL_FAILURE(StartAt(std::string(kOld) + "\n" + kNew));
  old_address_.close();

  const grpc::Status status = ReadAnew(kPolysimId);

  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(MovedVenueTest, M73_OpenConnectionsToTheOldAddressAreNotUsedAgain) {
  ASSERT_NO_FATAL_FAILURE(StartAt(kNew));
  ASSERT_TRUE(ReadAnew(kPolysimId).ok());
  EXPECT_EQ(polysim().stats().connections, 1U);
  // The connection is there, but deaf from now on; others are not.
  polysim().Set({.timeout = std::chrono::milliseconds(0)});
  EXPECT_EQ(ReasonOf(ReadAnew(kPolysimId)), "SOURCE_UNREACHABLE");
  polysim().Clear();

  EXPECT_TRUE(Heals(kPolysimId));

  EXPECT_GE(polysim().stats().connections, 2U);
}

}  // namespace
}  // namespace balance
