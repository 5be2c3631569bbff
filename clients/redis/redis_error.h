#pragma once

// Why an operation on Redis failed, and what to do about it.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace balance {

enum class RedisErrorKind : std::uint8_t {
  // Refused, reset, or the name did not resolve.
  kUnreachable,
  // No answer in time.
  kTimedOut,
  // TLS failed, or there is none where it is expected.
  kTls,
  // What came is no answer of Redis's, or larger than any that was asked for.
  kProtocol,
  // WRONGPASS or NOAUTH.
  kWrongPassword,
  // NOPERM: the ACL lacks a command, a key or a channel.
  kNotPermitted,
  // The server is a replica, or has become one (READONLY).
  kReplica,
  // LOADING: it reads its data from the disk.
  kLoading,
  // OOM: maxmemory is reached.
  kFull,
  // MOVED and the like: Redis Cluster.
  kCluster,
  // A version that lacks what is used here.
  kTooOld,
  // MISCONF, NOREPLICAS and the like: it takes no writes just now.
  kNoWrites,
  // Another script or command keeps it from answering (BUSY).
  kBusy,
  // No Sentinel knows a primary of the configured name.
  kNoPrimary,
  // It has too many clients.
  kTooManyClients,
  // It executed the command after its deadline, so the command did nothing.
  kLate,
  // A script met data that it can do nothing with: of one login, and no fault of Redis's.
  kBadData,
  // An error that no other kind is for.
  kOther,
  // The operation was not tried: no connection, or the breaker is open.
  kAway,
};

inline constexpr int kRedisErrorKindCount = static_cast<int>(RedisErrorKind::kAway) + 1;

// Name of each kind for metrics and the log, indexed by it.
inline constexpr std::array<std::string_view, kRedisErrorKindCount> kRedisErrorNames = {
    "UNREACHABLE",   "TIMED_OUT", "TLS",     "PROTOCOL",   "WRONG_PASSWORD",
    "NOT_PERMITTED", "REPLICA",   "LOADING", "FULL",       "CLUSTER",
    "TOO_OLD",       "NO_WRITES", "BUSY",    "NO_PRIMARY", "TOO_MANY_CLIENTS",
    "LATE",          "BAD_DATA",  "OTHER",   "AWAY"};

struct RedisError {
  RedisErrorKind kind = RedisErrorKind::kOther;
  // One sentence for people: what happened and what to do. No secrets, no text of keys or values.
  std::string message;
};

template <typename T>
using RedisResult = tl::expected<T, RedisError>;

inline tl::unexpected<RedisError> RedisFailure(RedisErrorKind kind, std::string message) {
  return tl::unexpected<RedisError>(RedisError{kind, std::move(message)});
}

// What an error reply of Redis means. `text` is its text, such as "READONLY You can't write ...".
RedisError ErrorOfReply(std::string_view text);

}  // namespace balance
