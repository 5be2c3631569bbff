// M64: strangers take all descriptors; the port takes calls again as soon as there is room.

#include <sys/resource.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::HasSubstr;

class DeadListenerTest : public MatrixTest {
 protected:
  static constexpr int kDescriptors = 128;
  // Of connections, more than there are descriptors.
  static constexpr int kFlood = 200;

  void StartWithTls() {
    WriteCertificates(files_.Path("."), {});
    chmod(files_.Path("server.key").c_str(), S_IRUSR);
    MatrixSetup setup;
    setup.more_yaml = "tls: {certificate_file: " + files_.Path("server.pem") +
                      ", private_key_file: " + files_.Path("server.key") +
                      ", client_ca_file: " + files_.Path("ca.pem") + "}\n";
    Start(setup);
  }

  void Flood() {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "without a descriptor UBSan cannot look at types, and ends the service";
#endif
    const rlimit limit{kDescriptors, kDescriptors};
    ASSERT_EQ(prlimit(service().pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
    for (int i = 0; i < kFlood; ++i) Connect();
  }

  tcp::socket& Connect() {
    const std::string& address = service().grpc_address();
    const auto colon = address.rfind(':');
    tcp::socket& socket = strangers_.emplace_back(loop_);
    socket.connect({asio::ip::make_address(address.substr(0, colon)),
                    static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
    return socket;
  }

  bool Answers(const std::string& page, const std::string& status) const {
    return AdminPage(page).find(status) != std::string::npos;
  }

  std::string ReadFile(const std::string& name) const {
    std::ifstream file(files_.Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Once the strangers have left, a new caller is served and the probes are content.
  void ExpectServedAgain(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    strangers_.clear();
    // By itself: a pod that is not ready gets no callers.
    // Those who still wait to be accepted may use up the descriptors a few times more.
    EXPECT_TRUE(Becomes([this] { return Answers("/healthz", "200"); }));
    EXPECT_TRUE(Becomes([this] { return Answers("/readyz", "200"); }));
    EXPECT_TRUE(Becomes([&] {
      const auto channel = grpc::CreateChannel(service().grpc_address(), credentials);
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
      grpc::health::v1::HealthCheckResponse health;
      return grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &health).ok();
    }));
  }

  asio::io_context loop_;
  std::vector<tcp::socket> strangers_;
};

TEST_F(DeadListenerTest, M64_IsServedAgainOnceThereIsRoom) {
  Start();
  ASSERT_TRUE(Answers("/healthz", "200"));

  ASSERT_NO_FATAL_FAILURE(Flood());
  if (IsSkipped()) return;

  ExpectServedAgain(grpc::InsecureChannelCredentials());
}

TEST_F(DeadListenerTest, M64_AlsoWithMutualTls) {
  StartWithTls();
  ASSERT_TRUE(Answers("/healthz", "200"));

  ASSERT_NO_FATAL_FAILURE(Flood());
  if (IsSkipped()) return;

  ExpectServedAgain(
      grpc::SslCredentials({ReadFile("ca.pem"), ReadFile("server.key"), ReadFile("server.pem")}));
}

TEST_F(DeadListenerTest, M64_WhoDoesNotSayHelloIsShownOut) {
  StartWithTls();
  tcp::socket& stranger = Connect();

  std::string nothing;
  boost::system::error_code end;
  asio::read(stranger, asio::dynamic_buffer(nothing), end);

  EXPECT_EQ(end, asio::error::eof);
  EXPECT_EQ(nothing, "");
  EXPECT_THAT(AdminPage("/healthz"), HasSubstr("200"));
}

}  // namespace
}  // namespace balance
