#pragma once

// One vocabulary of failure for everything below `rpc`. A kind says what to do about a failure;
// the table behind TraitsOf() is the only place that says it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/status_code.h"
#include "clients/core/trace_context.h"

namespace balance {

enum class ErrorKind : std::uint8_t {
  // No answer: refused, reset, unresolved, TLS, timed out.
  kUnreachable,
  // An answer that says "not now": 5xx, 408, 409, 425, a redirect, a bare 404.
  kUpstreamError,
  // A 200 that cannot be read as a balance.
  kReplyInvalid,
  // 429.
  kRateLimited,
  // 401: the upstream rejects our key.
  kCredentialsRejected,
  // 401 because of our clock.
  kClockSkew,
  // 403 or 402: no permission, or blocked at the upstream's edge.
  kForbidden,
  // A 404 with a code: the key is good but has no account.
  kAccountMissing,
  // The bounds of the request cannot be met before its deadline.
  kFreshnessUnsatisfied,
  // `only_if_cached` and nothing cached.
  kNotCached,
  // The caller's deadline ended the wait; the refresh goes on.
  kDeadlineExceeded,
  // The work was given up because nobody wants it any more or the service stops.
  kCancelled,
  // A caller's or operator's input is wrong.
  kInvalidInput,
  // A broken invariant of ours.
  kInternal,
};

inline constexpr int kErrorKindCount = static_cast<int>(ErrorKind::kInternal) + 1;

struct ErrorTraits {
  ErrorKind kind;
  // ErrorInfo.reason of the public API.
  std::string_view reason;
  StatusCode code;
  // True if another try may succeed without anybody changing anything. False also means that no
  // data is served stale past its TTL on account of this failure.
  bool heals;
};

// Total and thread-safe.
const ErrorTraits& TraitsOf(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  // One sentence for people: what happened and what to do. Neither secrets nor upstream text.
  std::string message;
  // How long to wait before another try: what the upstream asked for, already capped, or what is
  // left of a pause.
  std::optional<std::chrono::nanoseconds> retry_after = std::nullopt;
  // Scrubbed and truncated upstream text, for one log line and nothing else.
  std::string log_detail = {};
  // The upstream's request or trace id, for the log; may be empty.
  std::string request_id = {};
  // Whether the same request may well succeed a moment later: no answer, or the upstream said that
  // it is busy or broken just now.
  bool is_transient = false;
  // Whether this side is the cause: a lack of sockets, or that all connections that we may have
  // were in use. It says nothing about the upstream, the login or the host.
  bool is_local = false;
  // Whether our configuration may be the cause: a file of ours, a request that cannot be sent as it
  // is, or the CAs that this source trusts. It counts for the login like any other failure, until
  // the configuration is read anew, and tells the host's other logins nothing.
  bool may_be_configuration = false;
  // This process did not run for a part of the attempt, so its time-out says nothing about the
  // upstream, the login or the host.
  bool is_held_up = false;
  // Whether no connection could be made: the host name did not resolve, the port refused, TLS
  // failed, or the time ran out before the request could be written. The upstream has not seen
  // whose request it was, so every login at the host would have met the same.
  bool is_connect_failure = false;
  // Whether a cache on the way gave the answer: what it says was said to another request, some time
  // ago. `retry_after` is what is left of the pause.
  bool is_out_of_cache = false;
  // The trace of the call for which the request was made; it stands in the log. Unset: the request
  // was made for no call, or for one that names no trace.
  std::optional<TraceContext> trace = std::nullopt;
};

}  // namespace balance
