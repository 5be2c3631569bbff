#pragma once

// What one peer, and all of them together, may take of the server. Every bound holds by
// construction: the server does not read on, or ends the connection, where one is reached.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "clients/core/clock.h"
#include "service/transport/call_status.h"

namespace balance {

// Defaults are what the service runs with; tests and the conformance server set their own.
struct TransportLimits {
  // Calls at a time on one connection; more wait at the client.
  std::uint32_t concurrent_streams = 128;
  // The longest request message. A batch of 100 names with as many sources by their full names has
  // 36 KiB at most.
  std::size_t request_bytes = std::size_t{64} * 1024;
  // The header list of one call, a bearer token included, counted as RFC 9113 section 6.5.2 does.
  std::size_t header_list_bytes = std::size_t{8} * 1024;
  // Parts of requests that are not complete, of one connection. Half of it is divided among the
  // streams as the windows that they begin with; requests that are larger share the other half, and
  // wait until they find room there (RequestRoom).
  std::size_t unfinished_request_bytes = std::size_t{256} * 1024;
  // Answers of one connection that its peer has not taken. Above it new calls are refused with
  // RESOURCE_EXHAUSTED.
  std::size_t untaken_answer_bytes = std::size_t{16} * 1024 * 1024;
  // Requests and answers in the buffers of all connections together (`max_connection_memory`).
  // Above it new calls of those who have not taken earlier answers are refused, and connections
  // that hold most are shed when others come.
  std::size_t connection_memory = std::size_t{64} * 1024 * 1024;
  // What callers are told whose calls are refused because of one of the three bounds above, or of
  // `abandoned_calls`.
  CallStatus overloaded = {StatusCode::kResourceExhausted,
                           "too many answers wait to be taken, or too many cancelled calls are "
                           "still being worked on; take the answers, and try again later",
                           {}};
  // Open connections, for which the process must have descriptors.
  std::size_t connections = std::numeric_limits<std::size_t>::max();

  // Streams that a peer resets: a token bucket. A thousand callers a second with short deadlines
  // behind one proxy connection are honest; memory is bounded otherwise.
  std::uint64_t reset_burst = 8000;
  std::uint64_t resets_per_second = 2000;
  // CONTINUATION frames behind one HEADERS frame.
  std::size_t continuations = 8;
  // Calls of one connection that were cancelled, but whose handlers have not finished them yet.
  // Above it new calls are refused with RESOURCE_EXHAUSTED, as they are of a connection with a
  // sixteenth of it while all connections together have more than `abandoned_calls_in_all`.
  std::size_t abandoned_calls = 4096;
  std::size_t abandoned_calls_in_all = 16384;
  // Frames other than data that wait to be sent, resets above all. A peer that makes the server
  // send more than this without taking them is hung up on.
  std::size_t unsent_frames = 1000;
  // Answers to PING and SETTINGS that wait to be sent.
  std::size_t unsent_acks = 100;

  // From the connection until TLS, where there is any, and HTTP/2 have said hello.
  Duration hello = std::chrono::seconds(10);
  // A connection without a call.
  Duration idle = std::chrono::minutes(10);
  // A connection ends at about this age, give or take a tenth, so that clients look for new servers
  // and show their certificates again.
  Duration age = std::chrono::minutes(5);
  // Node's HTTP/2 fails the calls that it has begun, but not yet sent, when it reads that the
  // connection ends. So the peer of a connection that has reached its age is told while it has no
  // call and has had none for `age_quiet`, in which also a busy one deals with the last answer.
  // If that does not come within `age_waits_for_quiet`, the peer is told when its open calls have
  // been silent as long or as another begins, ahead of the answer: one that makes one call at a
  // time reads both before it makes the next. After `age_waits_for_call` more it is told all the
  // same.
  Duration age_quiet = std::chrono::milliseconds(500);
  Duration age_waits_for_quiet = std::chrono::seconds(2);
  Duration age_waits_for_call = std::chrono::seconds(1);
  // For the calls in progress on a connection that has been told to end.
  Duration grace = std::chrono::seconds(30);
  // For an engine that cannot tell streams that end themselves (ServerStream::OutliveConnectionAge)
  // from other calls: the time that all have on a connection that has reached its age.
  Duration lasting_grace = std::chrono::seconds(30);

  // Whether the peer of a silent connection is still there is asked after `keepalive`, and must be
  // answered within `keepalive_timeout`.
  Duration keepalive = std::chrono::seconds(60);
  Duration keepalive_timeout = std::chrono::seconds(20);
  // Peers may ask the same, even without a call, but not more often than this. More violations than
  // `ping_strikes` end the connection with ENHANCE_YOUR_CALM, as in gRPC (doc/keepalive.md).
  Duration peer_ping_interval = std::chrono::seconds(30);
  int ping_strikes = 2;
};

}  // namespace balance
