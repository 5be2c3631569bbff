#pragma once

// What a transport counts, and what it tells of its connections.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clients/core/clock.h"

namespace balance {

// Why a connection ended.
enum class ConnectionEnd : std::uint8_t {
  // The peer hung up, or all that the server had promised it was done.
  kClosed,
  // No TLS or HTTP/2 hello in time.
  kHelloTimeout,
  // The TLS handshake failed.
  kTlsFailed,
  // It did not speak HTTP/2, or against its rules.
  kProtocolError,
  // More resets, pings or other frames than any honest peer sends.
  kAbuse,
  // It did not answer, or did not take what it asked for.
  kUnresponsive,
  // No call for a long time.
  kIdle,
  // Its age; calls in progress had their grace.
  kAge,
  // The server stops.
  kDrain,
  // Memory, descriptors or connections were at their limit.
  kShed,
  // The socket failed.
  kSocketError,
};

inline constexpr int kConnectionEndCount = static_cast<int>(ConnectionEnd::kSocketError) + 1;

// As a label: "closed", "hello_timeout", ...
std::string_view ToString(ConnectionEnd end);

struct TransportStats {
  std::uint64_t connections_opened = 0;
  std::array<std::uint64_t, kConnectionEndCount> connections_ended{};
  std::uint64_t connections_open = 0;
  // Of those, the ones on which further calls may come: their peers were not told which is the
  // last.
  std::uint64_t connections_taking_calls = 0;
  std::uint64_t calls_open = 0;
  // Calls that ended before a handler saw them: malformed, of an unknown method, too large,
  // overload.
  std::uint64_t calls_refused = 0;
  // Calls whose caller left, or whose deadline ended, before they were answered.
  std::uint64_t calls_cancelled = 0;
  // Calls whose callers have left, but whose handlers have not finished them yet.
  std::uint64_t calls_abandoned = 0;
  // Requests and answers in buffers.
  std::uint64_t buffered_bytes = 0;

  TransportStats& operator+=(const TransportStats& other);
};

struct ConnectionInfo {
  std::string peer;
  // The URIs and DNS names of its certificate; empty without one.
  std::vector<std::string> names;
  bool is_tls = false;
  bool is_draining = false;
  Duration age{};
  // Since it last sent something.
  Duration silent{};
  std::size_t calls_open = 0;
  std::uint64_t calls_total = 0;
  // Answers that it has not taken.
  std::size_t untaken_bytes = 0;
};

// A number that one thread changes and any thread reads.
class LoopCounter {
 public:
  void Add(std::uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void Subtract(std::uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - count, std::memory_order_relaxed);
  }
  std::uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// Those of one loop. Padded, so that loops do not share a cache line.
struct alignas(64) LoopCounters {
  LoopCounter connections_opened;
  std::array<LoopCounter, kConnectionEndCount> connections_ended;
  LoopCounter connections_open;
  LoopCounter connections_taking_calls;
  LoopCounter calls_open;
  LoopCounter calls_refused;
  LoopCounter calls_cancelled;
  LoopCounter calls_abandoned;
  LoopCounter buffered_bytes;

  TransportStats Read() const;
};

}  // namespace balance
