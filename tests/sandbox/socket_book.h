#pragma once

// The open WebSockets of one side, the faults that wait for those to come, and their figures.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/sandbox/socket_fault.h"

namespace balance::sandbox {

class SocketConnection;

struct SocketCounters {
  // Sockets opened, which is upgrades answered with 101, and how many are open.
  std::uint64_t opened = 0;
  std::uint64_t open = 0;
  std::uint64_t max_open = 0;
  // Messages either way, control frames not among them, and the pings that clients sent.
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t pings_received = 0;
  // By the code of the close frame with which a client began to close (1005: a frame without one;
  // 0: there was none, or the sandbox began).
  std::map<int, std::uint64_t> ended_by_code;
};

// Used on the sandbox's loop only.
class SocketBook {
 public:
  // For sockets to come.
  void Push(SocketFault fault) { pending_.push_back(std::move(fault)); }
  void Clear() { pending_.clear(); }
  const std::deque<SocketFault>& pending() const { return pending_; }

  // For the sockets that are open. Returns how many it met.
  int Act(const SocketFault& fault);

  const SocketCounters& counters() const { return counters_; }
  // Open sockets stay.
  void ResetCounters();

  // By the connections. OnOpen() lets every pending fault that is meant for it act.
  void OnOpen(SocketConnection& connection);
  void OnEnd(SocketConnection& connection, std::uint16_t peer_close_code);
  void OnSent() { ++counters_.messages_sent; }
  void OnPing() { ++counters_.pings_received; }
  void OnMessage() { ++counters_.messages_received; }

 private:
  std::deque<SocketFault> pending_;
  std::vector<SocketConnection*> open_;
  SocketCounters counters_;
};

}  // namespace balance::sandbox
