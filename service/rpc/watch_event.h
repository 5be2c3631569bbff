#pragma once

// The messages of a stream of WatchAccountSnapshots, and how such a stream ends, as metrics name
// them.

#include <array>
#include <cstdint>

namespace balance {

// Words of the oneof `event` in balance_service.proto.
enum class WatchEvent : std::uint8_t { kSnapshot, kRemoved, kHeartbeat, kGoodbye };

// By WatchEvent.
inline constexpr std::array<const char*, 4> kWatchEventNames = {"snapshot", "removed", "heartbeat",
                                                                "goodbye"};

enum class WatchEnd : std::uint8_t {
  // The caller has left, or its deadline has come.
  kCallerLeft,
  // The stream has reached its greatest age.
  kMaxAge,
  // The server shuts down.
  kDrain,
  // A message was not taken in time.
  kTooSlow,
  // The caller may see nothing of it any more, or nobody knows it any more.
  kAccessLost,
  // All its accounts are gone from the configuration.
  kNotConfigured,
  // A snapshot would have been longer than an answer may be.
  kAnswerTooLarge,
  // It did not begin: there were as many streams as there may be.
  kTooMany,
};

// By WatchEnd.
inline constexpr std::array<const char*, 8> kWatchEndNames = {
    "CALLER_LEFT",      "MAX_AGE",          "DRAIN", "TOO_SLOW", "ACCESS_LOST", "NOT_CONFIGURED",
    "ANSWER_TOO_LARGE", "TOO_MANY_WATCHERS"};

}  // namespace balance
