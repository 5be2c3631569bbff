#pragma once

// What one client, and all of them together, may take of a gRPC server. gRPC 1.51 cannot bound it
// all: calls that are reset before they began and header blocks without end cost memory that no
// limit covers, so the port is for callers that mutual TLS or the network admits.

#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstddef>

#include "clients/core/clock.h"

namespace balance {

struct ServerLimits {
  // Calls at a time on one connection; more wait at the client.
  static constexpr int kConcurrentStreams = 128;
  // The longest request, a batch of 100 accounts with as many full names of sources in each of its
  // two fields for them, has 37 KiB.
  static constexpr int kRequestBytes = 64 * 1024;
  // The headers of one call, a bearer token included. gRPC's own default, but not left to it.
  static constexpr int kMetadataBytes = 8 * 1024;

  // From the connection until TLS, where there is any, and HTTP/2 have said hello.
  static constexpr auto kHandshake = std::chrono::seconds(10);

  // Whether the peer of a silent connection is still there.
  static constexpr auto kKeepaliveTime = std::chrono::seconds(60);
  static constexpr auto kKeepaliveTimeout = std::chrono::seconds(20);
  // Clients may ask the same, even without a call, but not more often. gRPC tolerates this many
  // violations, then ends the connection with ENHANCE_YOUR_CALM.
  static constexpr auto kClientPingInterval = std::chrono::seconds(30);
  static constexpr int kPingStrikes = 2;

  // A connection without a call.
  static constexpr auto kConnectionIdle = std::chrono::minutes(10);
  // For calls in progress on a connection that has reached its age.
  static constexpr auto kConnectionGrace = std::chrono::seconds(30);

  // Buffers and calls of all connections together. Above it gRPC narrows its windows and ends calls
  // instead of growing. 10,000 calls at a time need 120 MiB of the process, not all of which counts
  // here. Half of what k8s/base gives to the pod. Threads need no limit: they are
  // few (CallServer).
  static constexpr std::size_t kMemoryBytes = std::size_t{128} * 1024 * 1024;
};

// Sets all of them. Connections end after `max_connection_age`, give or take a tenth, so that
// clients look for new servers and show their certificates again. REQUIRES: it is positive; called
// before BuildAndStart().
void ApplyServerLimits(grpc::ServerBuilder& builder, Duration max_connection_age);

}  // namespace balance
