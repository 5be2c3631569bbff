#include "service/transport/transport_stats.h"

namespace balance {

std::string_view ToString(ConnectionEnd end) {
  switch (end) {
    case ConnectionEnd::kClosed:
      return "closed";
    case ConnectionEnd::kHelloTimeout:
      return "hello_timeout";
    case ConnectionEnd::kTlsFailed:
      return "tls_failed";
    case ConnectionEnd::kProtocolError:
      return "protocol_error";
    case ConnectionEnd::kAbuse:
      return "abuse";
    case ConnectionEnd::kUnresponsive:
      return "unresponsive";
    case ConnectionEnd::kIdle:
      return "idle";
    case ConnectionEnd::kAge:
      return "age";
    case ConnectionEnd::kDrain:
      return "drain";
    case ConnectionEnd::kShed:
      return "shed";
    case ConnectionEnd::kSocketError:
      return "socket_error";
  }
  return "unknown";
}

TransportStats& TransportStats::operator+=(const TransportStats& other) {
  connections_opened += other.connections_opened;
  for (std::size_t i = 0; i < connections_ended.size(); ++i) {
    connections_ended[i] += other.connections_ended[i];
  }
  connections_open += other.connections_open;
  connections_taking_calls += other.connections_taking_calls;
  calls_open += other.calls_open;
  calls_refused += other.calls_refused;
  calls_cancelled += other.calls_cancelled;
  calls_abandoned += other.calls_abandoned;
  buffered_bytes += other.buffered_bytes;
  return *this;
}

TransportStats LoopCounters::Read() const {
  TransportStats stats;
  stats.connections_opened = connections_opened.Get();
  for (std::size_t i = 0; i < connections_ended.size(); ++i) {
    stats.connections_ended[i] = connections_ended[i].Get();
  }
  stats.connections_open = connections_open.Get();
  stats.connections_taking_calls = connections_taking_calls.Get();
  stats.calls_open = calls_open.Get();
  stats.calls_refused = calls_refused.Get();
  stats.calls_cancelled = calls_cancelled.Get();
  stats.calls_abandoned = calls_abandoned.Get();
  stats.buffered_bytes = buffered_bytes.Get();
  return stats;
}

}  // namespace balance
