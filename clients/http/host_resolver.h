#pragma once

// Host names to addresses, for a loop that waits for nobody. Asio's own resolver asks for one name
// after the other, and does not let its loop go before the last is answered: a name server that
// hangs would hold up the sockets of every other venue, and the end of the process.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clients/core/boot_clock.h"
#include "clients/core/clock.h"

namespace balance {

// Used on its loop's thread only. Each name is asked for on a thread of its own, at most one at a
// time, whoever wants it. One that hangs is left to itself: nobody waits for it at the end.
class HostResolver {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  // A question of one caller, and its answer when it is there. A caller that drops it stops
  // waiting.
  class Wait {
   public:
    explicit Wait(boost::asio::io_context& loop) : done(loop, SteadyTime::max()) {}

    // Timer that is cancelled when there is an answer; its owner waits for that, and may cancel it
    // too.
    BootTimer done;
    bool is_answered = false;
    // Addresses of the name; empty if it does not resolve.
    Endpoints endpoints;
  };

  explicit HostResolver(boost::asio::io_context& loop);
  HostResolver(const HostResolver&) = delete;
  HostResolver& operator=(const HostResolver&) = delete;
  // Leaves the waits that are open unanswered.
  ~HostResolver();

  // Resolves `host`, a name or an address, into `wait`: later, never from here.
  void Resolve(const std::string& host, std::uint16_t port, const std::shared_ptr<Wait>& wait);

 private:
  struct State;

  const std::shared_ptr<State> state_;
};

}  // namespace balance
