#pragma once

// How the gRPC server ends, once its callers have been told to go elsewhere.

#include <chrono>
#include <cstddef>
#include <functional>

#include "service/transport/rpc_server.h"

namespace balance {

struct StopTimes {
  // For calls to end by themselves.
  static constexpr auto kCalls = std::chrono::milliseconds(4000);
  // Then for those that were made to answer.
  static constexpr auto kAnswers = std::chrono::milliseconds(1000);
  // For the last answers to leave, and for clients to hang up.
  static constexpr auto kFarewell = std::chrono::milliseconds(250);

  static constexpr auto kMost = kCalls + kAnswers + kFarewell + kAnswers;
};

// Tells callers to go elsewhere, and returns when none is connected. Calls that were on their way
// meanwhile are served; they and those in progress end by themselves, or by `answer_calls`, which
// is called if they take too long, or else by being cancelled. Streams and idle clients, which
// would stay for ever, are sent away when no other call is left or can come. Returns within kMost
// and what handlers take to finish calls whose callers have left.
//
// Both functions are called on the caller's thread. REQUIRES: the server runs.
void StopGracefully(RpcServer& server, const std::function<std::size_t()>& calls_in_progress,
                    const std::function<void()>& answer_calls);

}  // namespace balance
