#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/sandbox/sandbox.h"

namespace balance::sandbox {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class SandboxTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_);
    const std::string command =
        "cd " + folder_.string() +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -keyout key.pem -out cert.pem 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    options_.tls_certificate_file = folder_ / "cert.pem";
    options_.tls_key_file = folder_ / "key.pem";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ = testing::TempDir() + "sandbox_tls_" + std::to_string(getpid());
  SandboxOptions options_;
};

TEST_F(SandboxTlsTest, UpstreamsSpeakTls) {
  const auto sandbox = Sandbox::Start(options_);
  ASSERT_TRUE(sandbox) << sandbox.error().message;
  asio::io_context loop;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<tcp::socket> stream(loop, tls);
  stream.next_layer().connect(
      {asio::ip::address_v4::loopback(), (*sandbox)->port(Side::kPolysimulator)});
  stream.handshake(asio::ssl::stream_base::client);

  asio::write(stream, asio::buffer(std::string("GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")));
  std::string answer;
  asio::read_until(stream, asio::dynamic_buffer(answer), "\r\n\r\n");

  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT((*sandbox)->BaseUrl(Side::kPolymarket), testing::StartsWith("https://127.0.0.1:"));
  EXPECT_THAT((*sandbox)->ControlUrl(), testing::StartsWith("http://"));
}

TEST_F(SandboxTlsTest, UnusableFilesAreAnError) {
  options_.tls_key_file = options_.tls_certificate_file;

  EXPECT_FALSE(Sandbox::Start(options_));

  options_.tls_key_file.clear();
  EXPECT_FALSE(Sandbox::Start(options_));
}

}  // namespace
}  // namespace balance::sandbox
