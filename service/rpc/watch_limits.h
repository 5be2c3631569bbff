#pragma once

// Limits of the streams of WatchAccountSnapshots; see Server in config.proto.

#include <cstddef>

#include "clients/core/clock.h"

namespace balance {

struct WatchLimits {
  // A stream's age, give or take kAgeJitter.
  Duration max_age = std::chrono::minutes(30);
  // Streams at a time, in all and of one caller.
  std::size_t most = 10'000;
  std::size_t most_of_caller = 1000;
  // Accounts of all streams together, and of one caller's, each counted once for each stream: that
  // is what memory depends on.
  std::size_t most_accounts = 200'000;
  std::size_t most_accounts_of_caller = 100'000;

  static constexpr double kAgeJitter = 0.2;
};

}  // namespace balance
