#pragma once

// What a side was asked: the figures by which a test judges its client.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/http_message.h"
#include "tests/sandbox/sliding_second.h"
#include "tests/sandbox/socket_book.h"

namespace balance::sandbox {

struct Tally {
  std::uint64_t requests = 0;
  // Requests whose signature came before: each attempt must sign afresh.
  std::uint64_t reused_signatures = 0;
  // Most requests that arrived within any one second.
  int max_in_a_second = 0;
  // By the status sent; 0: no answer was sent.
  std::map<int, std::uint64_t> by_status;
};

struct RequestRecord {
  WallTime time;
  std::string method;
  std::string path;
  // Without the value of a socket's token.
  std::string query;
  // Polymarket's key id, or the first 16 characters of a PolySimulator key; "" without a key.
  std::string key;
  std::uint64_t connection = 0;
  bool reused_signature = false;
  // False if the auth wall refuses the request, whether or not a fault answered it instead.
  bool authenticated = false;
  // 0 while unanswered.
  int status = 0;
};

// An answer that nobody asked for.
struct UnaskedAnswer {
  // Time from which it lay at the client's, to be read.
  WallTime sent;
  // Its header and body.
  std::string text;
};

struct SideCounters {
  Tally total;
  std::map<std::string, Tally> by_path;
  std::map<std::string, Tally> by_key;
  std::uint64_t connections = 0;
  std::uint64_t open_connections = 0;
  std::uint64_t auth_failures = 0;
  int in_flight = 0;
  int max_in_flight = 0;
  // The newest 1,000, oldest first.
  std::vector<RequestRecord> last_requests;
  // The newest 1,000, oldest first.
  std::vector<UnaskedAnswer> last_unasked;
  SocketCounters sockets;
};

// Collects one side's counters. Used on the sandbox's loop only.
class CounterBook {
 public:
  // `clock` must outlive it.
  explicit CounterBook(const Clock& clock) : clock_(clock) {}

  void OnConnect() { ++counters_.connections, ++counters_.open_connections; }
  void OnDisconnect() { --counters_.open_connections; }

  // Returns the number by which OnAnswer() knows the request. `signature` may be empty.
  std::uint64_t OnRequest(const HttpCall& call, const std::string& key, bool authenticated,
                          const std::string& signature);
  void OnAnswer(std::uint64_t request, int status);
  void OnUnasked(const std::string& text);
  // The request is over, answered or not.
  void OnEnd() { --counters_.in_flight; }

  SideCounters Read() const;
  // Connections open and requests in flight stay.
  void Reset();

 private:
  struct Open {
    std::uint64_t number;
    RequestRecord record;
  };

  void Count(Tally& tally, SlidingSecond& second, bool reused);

  const Clock& clock_;
  SideCounters counters_;
  std::deque<Open> last_;
  std::uint64_t next_request_ = 1;
  // The first request since the last Reset().
  std::uint64_t first_request_ = 1;
  std::unordered_set<std::string> signatures_;
  SlidingSecond total_second_;
  std::map<std::string, SlidingSecond> path_seconds_;
  std::map<std::string, SlidingSecond> key_seconds_;
};

}  // namespace balance::sandbox
