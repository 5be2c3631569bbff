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
#include "clients/core/observed_since.h"
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

// The right to one connection to an upstream, as long as a copy lives; null: no right.
using ConnectionPermit = std::shared_ptr<void>;

// What a feed and the decorators tell each other while a fetch runs. Owned by the feed; written and
// read on the shard's thread only.
struct FetchProgress {
  // When the first and the latest attempt's requests were sent; unset while none was.
  std::optional<SteadyTime> first_sent_at;
  std::optional<SteadyTime> sent_at;
  // The moment of `sent_at` by the wall clock, as it was set then, or `granted_wall` if that is
  // earlier. REQUIRES: sent_at is set.
  WallTime sent_wall;
  // Set by whoever was granted the next request on a clock that replicas share: the wall time that
  // the reading will have. Unset: that of the moment at which the request is sent.
  std::optional<WallTime> granted_wall;
  // When the request of another replica was sent whose outcome this fetch ends with; unset if it
  // ends with none.
  std::optional<SteadyTime> shared_sent_at;
  // When the request that waits for its turn is expected to be sent, as things stand; unset while
  // none waits.
  std::optional<SteadyTime> planned_send;
  // Kept by the feed: what was observed at or after this serves all who wait. It may become later
  // as long as nothing is sent. Unset: only what is observed once the fetch has begun.
  std::optional<ObservedSince> wanted;
  // Kept by the feed: a caller waits for this fetch, so it goes before those that nobody waits for.
  bool urgent = true;
  // Set by whoever has this fetch wait its turn: told that `urgent` has changed. May be empty.
  std::function<void()> on_urgency;
  // Set by whoever has this fetch wait for something other than its turn: ends that wait, because
  // the request is forbidden by now. May be empty.
  std::function<void()> on_forbidden;
  // Set, and reset, by whoever has waited for the connection of the next request already. Null: the
  // fetch itself waits for one.
  ConnectionPermit connection;
  // Of the latest answer.
  RateLimits rate_limits;
  // The trace of the call that began this fetch, not those of calls that joined it. Unset: that
  // call names none, or the fetch was begun for no call.
  std::optional<TraceContext> trace;

  void SetUrgent(bool is_urgent) {
    if (std::exchange(urgent, is_urgent) != is_urgent && on_urgency) on_urgency();
  }

  void NoteSent(Now when) {
    sent_at = when.steady;
    sent_wall = granted_wall ? std::min(*granted_wall, when.wall) : when.wall;
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
  // A reading with an earlier observe time does not serve, whatever FetchProgress::wanted says.
  SteadyTime observed_from = SteadyTime::min();
  // No request may be sent after this.
  SteadyTime send_by = SteadyTime::max();

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
  // How far apart requests are in the long run, by what the upstream allows at present.
  Duration interval{0};

  bool IsForbidden(SteadyTime now) const { return because && earliest > now; }
};

// Used on its shard's thread only.
class BalanceSource {
 public:
  virtual ~BalanceSource() = default;

  // Reads the upstream once. Every failure, exceptions of libraries included, is an Error; an
  // incomplete reply is never a Reading. Notes in context.progress when a request is sent.
  virtual boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) = 0;

  // Waits for a connection for the Fetch() to come, and does not wait where one is free. Null if
  // none is by `context.End()`, or if the wait ends before because a failure forbids the request or
  // FetchProgress::on_forbidden() was called. By default, connections are not limited.
  virtual boost::asio::awaitable<ConnectionPermit> AwaitConnection(FetchContext context);

  // What a Fetch() begun now would meet.
  virtual SendOutlook Outlook() const { return {}; }

  // Called with a newer reading that came without a fetch, such as that of another replica. Unset:
  // there is one, but only a fetch can tell what to believe.
  using OnReading = std::function<void(std::optional<Reading>)>;

  // Has such readings told to `on_reading` until this source ends. To be called once at most. It is
  // not called during a call of this source, but maybe while a fetch of it waits.
  virtual void Listen(OnReading /*on_reading*/) {}
};

}  // namespace balance
