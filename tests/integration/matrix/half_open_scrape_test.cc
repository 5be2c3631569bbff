// M58, M133: scrapers that begin to ask and say no more.

#include <sys/resource.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::steady_clock;

class HalfOpenScrapeTest : public MatrixTest {
 protected:
  // Scrapers that come again as soon as they are shown out, on a thread of their own.
  class Scrapers {
   public:
    Scrapers(const std::string& address, int count) {
      const auto colon = address.rfind(':');
      server_ = {asio::ip::make_address(address.substr(0, colon)),
                 static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
      for (int i = 0; i < count; ++i) AskByHalf(sockets_.emplace_back(loop_));
      thread_ = std::thread([this] { loop_.run(); });
    }
    ~Scrapers() {
      loop_.stop();
      thread_.join();
    }
    Scrapers(const Scrapers&) = delete;
    Scrapers& operator=(const Scrapers&) = delete;

    // How often one was shown out and came again.
    int returns() const { return returns_; }

   private:
    void AskByHalf(tcp::socket& socket) {
      socket.connect(server_);
      asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: ")));
      socket.async_wait(tcp::socket::wait_read, [this, &socket](boost::system::error_code) {
        socket.close();
        ++returns_;
        AskByHalf(socket);
      });
    }

    asio::io_context loop_;
    tcp::endpoint server_;
    std::list<tcp::socket> sockets_;
    std::atomic<int> returns_ = 0;
    std::thread thread_;
  };

  void ExpectPagesAtOnce() const {
    for (const char* page : {"/metrics", "/healthz", "/readyz"}) {
      const auto begin = steady_clock::now();
      EXPECT_THAT(AdminPage(page), testing::HasSubstr("200 OK")) << page;
      EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1)) << page;
    }
  }
};

TEST_F(HalfOpenScrapeTest, M58_TwentyThatComeAgainDelayNeitherScrapesNorProbes) {
  Start();
  const Scrapers scrapers(service().admin_address(), 20);

  ExpectPagesAtOnce();
  EXPECT_TRUE(Becomes([&scrapers] { return scrapers.returns() >= 20; }));
  ExpectPagesAtOnce();
}

TEST_F(HalfOpenScrapeTest, M133_AThousandThatComeAgainDelayNeitherScrapesNorProbes) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Start();
  const Scrapers scrapers(service().admin_address(), 1000);

  ExpectPagesAtOnce();
  EXPECT_TRUE(Becomes([&scrapers] { return scrapers.returns() >= 1000; }));
  ExpectPagesAtOnce();
}

}  // namespace
}  // namespace balance
