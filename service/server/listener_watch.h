#pragma once

// Notices that a port is bound and yet takes no connections any more.
//
// gRPC 1.51 gives a listener up for good once accept() fails, as it does when the descriptors run
// out (CVE-2023-4785). The kernel goes on to complete connections, so a port like that looks open.

#include <netinet/in.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/clock.h"

namespace balance {

// Connects once a period, on a thread of its own, to each address that the host stands for, hangs
// up without a word, and looks whether the server takes notice: any server does, with or without
// TLS, be it only by hanging up too. Addresses that refuse do not count, unless all do; without
// any, the port counts as open. A process that has no descriptor left to look with could not accept
// either, so that counts as silence.
class ListenerWatch {
 public:
  struct Options {
    Duration period = std::chrono::seconds(3);
    // With a server that is slow to take notice.
    Duration patience = std::chrono::seconds(2);
    // So many looks in a row must be in vain: a busy server is not a dead one.
    int looks = 3;
  };

  // `address` is host:port, of this machine. `on_change` is called on the watch's thread when the
  // port stops to accept, with false, and when it does again, with true.
  ListenerWatch(const std::string& address, std::function<void(bool)> on_change, Options options);
  ListenerWatch(const ListenerWatch&) = delete;
  ListenerWatch& operator=(const ListenerWatch&) = delete;
  // Ends a look that is under way. REQUIRES: not from `on_change`.
  ~ListenerWatch();

 private:
  struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
  };
  enum class Sign { kAccepts, kRefuses, kNone };

  static std::vector<Address> Resolve(const std::string& address);
  void Run();
  bool Accepts();
  Sign Knock(const Address& address);
  // Whether the socket is ready for `events` within the patience and before the end.
  bool IsReady(int socket, short events);

  const std::function<void(bool)> on_change_;
  const Options options_;
  const std::vector<Address> addresses_;
  // An event that is readable from the end on.
  const int end_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace balance
