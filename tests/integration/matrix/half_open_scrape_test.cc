// M58: scrapers that begin to ask and say no more.

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

class HalfOpenScrapeTest : public MatrixTest {
 protected:
  void AskByHalf() {
    const std::string& address = service().admin_address();
    const auto colon = address.rfind(':');
    asio::ip::tcp::socket& socket = half_open_.emplace_back(loop_);
    socket.connect({asio::ip::make_address(address.substr(0, colon)),
                    static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
    asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: ")));
  }

  asio::io_context loop_;
  std::vector<asio::ip::tcp::socket> half_open_;
};

TEST_F(HalfOpenScrapeTest, M58_TwoOfThemDelayNeitherScrapesNorProbes) {
  Start();
  AskByHalf();
  AskByHalf();

  for (const char* page : {"/metrics", "/healthz", "/readyz"}) {
    const auto begin = steady_clock::now();
    EXPECT_THAT(AdminPage(page), testing::HasSubstr("200 OK")) << page;
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1)) << page;
  }
}

}  // namespace
}  // namespace balance
