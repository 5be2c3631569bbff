#include "service/server/listener_watch.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "service/config/listen_address.h"

namespace balance {
namespace {

class Socket {
 public:
  explicit Socket(int family)
      : fd_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int get() const { return fd_; }

 private:
  const int fd_;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

int RoundedMilliseconds(Duration duration) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

}  // namespace

ListenerWatch::ListenerWatch(const std::string& address, std::function<void(bool)> on_change,
                             Options options)
    : on_change_(std::move(on_change)),
      options_(options),
      addresses_(Resolve(address)),
      end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { Run(); });
}

ListenerWatch::~ListenerWatch() {
  stopped_ = true;
  eventfd_write(end_, 1);
  thread_.join();
  close(end_);
}

std::vector<ListenerWatch::Address> ListenerWatch::Resolve(const std::string& address) {
  const auto parsed = ParseListenAddress(address);
  if (!parsed) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(parsed->host.c_str(), std::to_string(parsed->port).c_str(), &hints, &found) !=
      0) {
    return {};
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  std::vector<Address> addresses;
  for (const addrinfo* next = found; next; next = next->ai_next) {
    Address& copy = addresses.emplace_back();
    std::memcpy(&copy.storage, next->ai_addr, next->ai_addrlen);
    copy.size = next->ai_addrlen;
  }
  return addresses;
}

void ListenerWatch::Run() {
  pollfd end{end_, POLLIN, 0};
  int in_vain = 0;
  bool accepted = true;
  while (true) {
    poll(&end, 1, RoundedMilliseconds(options_.period));
    const bool accepts = !stopped_ && Accepts();
    if (stopped_) return;
    in_vain = accepts ? 0 : in_vain + 1;
    const bool verdict = in_vain < options_.looks && (accepts || accepted);
    if (verdict != accepted) on_change_(verdict);
    accepted = verdict;
  }
}

bool ListenerWatch::Accepts() {
  std::vector<Sign> signs;
  for (const Address& address : addresses_) signs.push_back(Knock(address));
  const auto has = [&signs](Sign sign) {
    return std::find(signs.begin(), signs.end(), sign) != signs.end();
  };
  // A name that stands for nothing here says nothing of the port.
  return addresses_.empty() || (has(Sign::kAccepts) && !has(Sign::kNone));
}

ListenerWatch::Sign ListenerWatch::Knock(const Address& address) {
  const Socket socket(address.storage.ss_family);
  if (socket.get() < 0) return errno == EAFNOSUPPORT ? Sign::kRefuses : Sign::kNone;
  const auto* const to = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(socket.get(), to, address.size) != 0) {
    if (errno != EINPROGRESS) return Sign::kRefuses;
    if (!IsReady(socket.get(), POLLOUT)) return Sign::kNone;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Sign::kRefuses;
  }
  shutdown(socket.get(), SHUT_WR);
  if (!IsReady(socket.get(), POLLIN)) return Sign::kNone;
  // The kernel by itself may reset, but it neither speaks nor hangs up.
  std::array<char, 1> byte{};
  return recv(socket.get(), byte.data(), byte.size(), 0) >= 0 ? Sign::kAccepts : Sign::kNone;
}

bool ListenerWatch::IsReady(int socket, short events) {
  std::array<pollfd, 2> waiting{{{socket, events, 0}, {end_, POLLIN, 0}}};
  poll(waiting.data(), waiting.size(), RoundedMilliseconds(options_.patience));
  return waiting[0].revents != 0;
}

}  // namespace balance
