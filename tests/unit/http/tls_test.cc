// TLS against a server whose certificates a CA of the test's own has signed.

#include <gtest/gtest.h>
#include <sodium.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "tests/sandbox/sandbox.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using sandbox::Side;

// A CA and a server certificate for one name, made by openssl in a directory of their own.
class Certificates {
 public:
  explicit Certificates(const std::string& subject_alt_name) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tls-test-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    Run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca"
        " -keyout ca.key -out ca.pem");
    Run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server"
        " -addext subjectAltName=" +
        subject_alt_name + " -keyout server.key -out server.csr");
    Run("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
        " -copy_extensions copy -out server.pem");
  }
  ~Certificates() { std::filesystem::remove_all(directory_); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  std::string File(const std::string& name) const { return directory_ + "/" + name; }

 private:
  void Run(const std::string& arguments) const {
    const std::string command = "cd " + directory_ + " && openssl " + arguments + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  std::string directory_;
};

// An environment that asks for the session keys to be written to a file.
class KeyLog {
 public:
  KeyLog() { setenv("SSLKEYLOGFILE", path_.c_str(), 1); }
  ~KeyLog() { std::filesystem::remove(path_); }
  KeyLog(const KeyLog&) = delete;
  KeyLog& operator=(const KeyLog&) = delete;

  bool IsWritten() const { return std::filesystem::exists(path_); }

 private:
  const std::string path_ =
      (std::filesystem::temp_directory_path() / ("key-log-" + std::to_string(getpid()))).string();
};

class TlsTest : public testing::Test {
 protected:
  TlsTest() { EXPECT_GE(sodium_init(), 0); }

  void Serve(const std::string& subject_alt_name) {
    certificates_.emplace(subject_alt_name);
    sandbox::SandboxOptions options;
    options.tls_certificate_file = certificates_->File("server.pem");
    options.tls_key_file = certificates_->File("server.key");
    auto started = sandbox::Sandbox::Start(options);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }

  Result<HttpResponse> Send(const std::string& ca_file) {
    std::optional<Result<HttpResponse>> slot;
    HttpRequest request{server_->BaseUrl(Side::kPolysimulator) + "/v1/health",
                        {{"X-API-Key", "a-key"}},
                        std::chrono::seconds(5),
                        ca_file};
    asio::co_spawn(loop_, SendOne(std::move(request)),
                   [&slot](const std::exception_ptr&, std::optional<Result<HttpResponse>> result) {
                     slot = std::move(result);
                   });
    loop_.restart();
    loop_.run();
    return *slot;
  }

  asio::awaitable<std::optional<Result<HttpResponse>>> SendOne(HttpRequest request) {
    co_return co_await transport_.Send(std::move(request));
  }

  const KeyLog key_log_;
  CurlGlobal curl_;
  std::optional<Certificates> certificates_;
  std::unique_ptr<sandbox::Sandbox> server_;
  asio::io_context loop_;
  CurlTransport transport_{loop_, {.user_agent = "transport-test/1"}};
};

TEST_F(TlsTest, ACaThatTheConfigurationAddsIsTrusted) {
  Serve("IP:127.0.0.1");

  const auto response = Send(certificates_->File("ca.pem"));

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
}

TEST_F(TlsTest, SessionKeysAreWrittenNowhere) {
  Serve("IP:127.0.0.1");

  ASSERT_TRUE(Send(certificates_->File("ca.pem")));

  EXPECT_FALSE(key_log_.IsWritten());
}

TEST_F(TlsTest, AnUnknownCaIsRefusedBeforeAnyHeaderIsSent) {
  Serve("IP:127.0.0.1");

  const auto response = Send("");

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().may_be_configuration);
  EXPECT_FALSE(response.error().is_connect_failure);
  EXPECT_EQ(server_->Counters(Side::kPolysimulator).total.requests, 0U);
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefusedBeforeAnyHeaderIsSent) {
  Serve("DNS:other.example");

  const auto response = Send(certificates_->File("ca.pem"));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(server_->Counters(Side::kPolysimulator).total.requests, 0U);
}

TEST_F(TlsTest, ACaFileThatCannotBeReadIsTheOperatorsMistake) {
  Serve("IP:127.0.0.1");

  EXPECT_EQ(Send(certificates_->File("no-such.pem")).error().kind, ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace balance
