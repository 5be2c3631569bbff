// M60: after an exchange, no memory of the process but the key's own holds the key.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/secret.h"
#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"

namespace balance {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kKeyBytes = 72;
constexpr char kMask = 0x55;

// The key with each character masked, so that the search does not find what it searches for.
std::string MaskedKey() {
  std::string masked;
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    masked += static_cast<char>(('a' + static_cast<char>(i * 7 % 26)) ^ kMask);
  }
  return masked;
}

std::size_t CountMasked(const std::vector<char>& memory, const std::string& masked) {
  std::size_t found = 0;
  for (std::size_t at = 0; at + masked.size() <= memory.size(); ++at) {
    std::size_t same = 0;
    while (same < masked.size() && (memory[at + same] ^ kMask) == masked[same]) ++same;
    if (same == masked.size()) ++found;
  }
  return found;
}

// How often the key stands in what this process may write to: heap, stacks, globals.
std::size_t CopiesInMemory(const std::string& masked) {
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(memory, 0);
  std::ifstream maps("/proc/self/maps");
  std::size_t copies = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char rights[5] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3) continue;
    // Shadow memory of a sanitizer is larger than any real mapping.
    if (rights[0] != 'r' || rights[1] != 'w' || end - begin > (1UL << 30)) continue;
    std::vector<char> bytes(end - begin);
    const ssize_t count = pread(memory, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (count > 0) {
      bytes.resize(static_cast<std::size_t>(count));
      copies += CountMasked(bytes, masked);
    }
  }
  close(memory);
  return copies;
}

// Answers every request, in a process of its own: what it reads is not in our memory.
class ForkedUpstream {
 public:
  ForkedUpstream() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener, 8), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    child_ = fork();
    if (child_ == 0) Serve(listener);
    close(listener);
  }
  ~ForkedUpstream() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  ForkedUpstream(const ForkedUpstream&) = delete;
  ForkedUpstream& operator=(const ForkedUpstream&) = delete;

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  [[noreturn]] static void Serve(int listener) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    while (true) {
      const int peer = accept(listener, nullptr, nullptr);
      char request[4096];
      while (read(peer, request, sizeof request) > 0) {
        if (write(peer, kAnswer, sizeof kAnswer - 1) < 0) break;
      }
      close(peer);
    }
  }

  pid_t child_ = -1;
  int port_ = 0;
};

// The secret's own memory is not writable, so it is not searched.
TEST(KeyInMemoryTest, M60_NothingKeepsTheKeyOnceItIsSent) {
  const ForkedUpstream upstream;
  const std::string masked = MaskedKey();
  const CurlGlobal curl;
  asio::io_context loop;
  CurlTransport transport(loop, {.user_agent = "transport-test/1"});
  const auto send = [&]() -> asio::awaitable<bool> {
    HttpRequest request{upstream.Url(), {}, std::chrono::seconds(10)};
    std::string key = masked;
    for (char& character : key) character = static_cast<char>(character ^ kMask);
    request.headers.push_back({"X-API-Key", std::move(key)});
    co_return (co_await transport.Send(std::move(request))).has_value();
  };

  for (int i = 0; i < 3; ++i) {
    std::optional<bool> sent;
    asio::co_spawn(loop, send(), [&](const std::exception_ptr&, bool good) { sent = good; });
    loop.restart();
    loop.run();
    ASSERT_EQ(sent, true);
  }

  EXPECT_EQ(CopiesInMemory(masked), 0U);
}

TEST(KeyInMemoryTest, TheSearchFindsACopy) {
  const std::string masked = MaskedKey();
  std::string key = masked;
  for (char& character : key) character = static_cast<char>(character ^ kMask);

  EXPECT_GE(CopiesInMemory(masked), 1U);
  Wipe(key);
  EXPECT_EQ(CopiesInMemory(masked), 0U);
}

}  // namespace
}  // namespace balance
