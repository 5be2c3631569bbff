#pragma once

// The port through which a feed reads one upstream login: one implementation a venue, decorated by
// the resilience layer.

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/core/trace_context.h"

namespace balance {

// What an answer says about the upstream's own rate limits: a ceiling, never a grant.
struct RateLimits {
  std::optional<double> per_second;
  std::optional<double> per_minute;
  // Nothing is left, for this long.
  std::optional<Duration> exhausted_for;
};

// What a feed and the decorators tell each other while a fetch runs. Owned by the feed; written and
// read on the shard's thread only.
struct FetchProgress {
  // When the first and the latest attempt's requests were sent; unset while none was.
  std::optional<SteadyTime> first_sent_at;
  std::optional<SteadyTime> sent_at;
  // The moment of `sent_at` by the wall clock, as it was set then. REQUIRES: sent_at is set.
  WallTime sent_wall;
  // When the request that waits for its turn is expected to be sent, as things stand; unset while
  // none waits.
  std::optional<SteadyTime> planned_send;
  // Kept by the feed: a caller waits for this fetch, so it goes before those that nobody waits for.
  bool urgent = true;
  // Set by whoever has this fetch wait its turn: told that `urgent` has changed. May be empty.
  std::function<void()> on_urgency;
  // Set by whoever has this fetch wait for something other than its turn: ends that wait, because
  // the request is forbidden by now. May be empty.
  std::function<void()> on_forbidden;
  // Of the latest answer.
  RateLimits rate_limits;
  // Of the call that began this fetch; those that joined it have theirs. Unset: it names none, or
  // the fetch was begun for no call.
  std::optional<TraceContext> trace;

  void SetUrgent(bool is_urgent) {
    if (std::exchange(urgent, is_urgent) != is_urgent && on_urgency) on_urgency();
  }

  void NoteSent(Now when) {
    sent_at = when.steady;
    sent_wall = when.wall;
    if (!first_sent_at) first_sent_at = when.steady;
  }
};

struct FetchContext {
  // No attempt may run past this.
  SteadyTime deadline = SteadyTime::max();
  // Outlives the fetch.
  FetchProgress* progress = nullptr;
  // Once the first request is sent, everything ends this much later at the latest.
  Duration budget = Duration::max();
  // What another replica asked for at or after this serves too. Unset: only what is asked for once
  // the fetch has begun.
  std::optional<SteadyTime> observed_from = std::nullopt;

  // `deadline`, or the end of the budget if that comes first.
  SteadyTime End() const {
    if (budget == Duration::max() || !progress->first_sent_at) return deadline;
    return std::min(deadline, *progress->first_sent_at + budget);
  }
};

// When the next request may be sent, and what forbids it until then.
struct SendOutlook {
  // A time in the past: now.
  SteadyTime earliest = SteadyTime::min();
  // The failure that forbids requests until then; null if it is only a matter of whose turn it is.
  std::shared_ptr<const Error> because;
  // Whether a request that nobody asks for takes nothing from those that somebody waits for.
  bool has_spare = true;

  bool IsForbidden(SteadyTime now) const { return because && earliest > now; }
};

// Used on its shard's thread only.
class BalanceSource {
 public:
  virtual ~BalanceSource() = default;

  // Reads the upstream once. Every failure, exceptions of libraries included, is an Error; an
  // incomplete reply is never a Reading. Notes in context.progress when a request is sent.
  virtual boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) = 0;

  // What a Fetch() begun now would meet.
  virtual SendOutlook Outlook() const { return {}; }
};

}  // namespace balance
