#pragma once

// When the requests of one credential may be sent, so that its rate is a hard ceiling: the desk's
// own bots use the same key.

#include <memory>
#include <optional>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/source_info.h"

namespace balance {

// The generic cell rate algorithm for one rate: a request may come up to `burst` - 1 intervals
// early.
class RateBucket {
 public:
  // REQUIRES: `per_second` is positive, `burst` at least 1.
  RateBucket(double per_second, int burst);

  // Takes effect for the requests after those taken.
  void SetRate(double per_second);
  void SetLimit(double per_second, int burst);

  SteadyTime Earliest() const { return next_ == SteadyTime::min() ? next_ : next_ - tolerance_; }
  // When the bucket is full again.
  SteadyTime FullAt() const { return next_; }
  // A request was sent at `now`, which is not before Earliest().
  void Take(SteadyTime now);
  // Empties the bucket, as if the whole burst had just been used.
  void Exhaust(SteadyTime now);
  // Whether more than half of the burst could go at once.
  bool HasSpare(SteadyTime now) const;

  Duration interval() const { return interval_; }

 private:
  int burst_ = 1;
  Duration interval_{};
  Duration tolerance_{};
  // When the next request would be exactly in time.
  SteadyTime next_ = SteadyTime::min();
};

// The configured rate and those that the upstream states, stacked; what a 429 makes of them; and
// the pauses that the upstream asks for. Time is an argument. Used on one thread.
//
// With a rate R of at least one a second no sliding second ever holds more than R + burst - 1
// requests, rounded down. Below that a second may hold the whole burst, and no sliding 1/R seconds
// hold more than it.
class RateBudget {
 public:
  explicit RateBudget(const RateSettings& configured);

  // The configuration was read anew. If the rate is another, no burst is left at first, so that
  // neither is exceeded in a second that saw both.
  void Configure(SteadyTime now, const RateSettings& configured);

  // When the next request may be sent; a time in the past: now.
  SteadyTime Earliest() const;
  // When all buckets are full again and no pause is left.
  SteadyTime FullAt() const;
  // A request is sent at `now`. REQUIRES: now >= Earliest().
  void Take(SteadyTime now);
  bool HasSpare(SteadyTime now) const;
  // How far apart requests are in the long run.
  Duration Interval() const;

  // End of the latest pause that the upstream asked for; a time in the past: it takes requests.
  // `blocked_by` is the failure that asked for it, over or not; null before the first.
  SteadyTime blocked_until() const { return blocked_until_; }
  const std::shared_ptr<const Error>& blocked_by() const { return blocked_by_; }
  double requests_per_second() const { return rate_; }

  // What the answers say. A good one raises the rate step by step after a fall.
  void OnSuccess(SteadyTime now);
  // A 429: the rate falls, and there is a pause: the one asked for, else one that grows. Those that
  // arrive during that pause can only make it longer. One out of a cache on the way was said of
  // another request: it only pauses for what is left of the pause that it asked for.
  void OnRateLimited(SteadyTime now, const Error& error);
  // Any other failure: a 503 may ask for a pause.
  void OnPause(SteadyTime now, const Error& error);
  void OnLimits(SteadyTime now, const RateLimits& limits);

 private:
  void Block(SteadyTime until, const Error& error);
  void SetRate(double per_second);

  RateSettings ceiling_;
  double rate_;
  // The hard ceiling, which nothing that upstreams say changes: a bucket whose rate changes may let
  // one request too many pass.
  RateBucket configured_;
  // What a 429 made of it.
  RateBucket adapted_;
  // As the upstream states them; most state none.
  std::unique_ptr<RateBucket> per_second_;
  std::unique_ptr<RateBucket> per_minute_;
  SteadyTime blocked_until_ = SteadyTime::min();
  std::shared_ptr<const Error> blocked_by_;
  // Nothing is left of the upstream's own limit until then.
  SteadyTime exhausted_until_ = SteadyTime::min();
  int rate_limited_in_a_row_ = 0;
  // The end of the pause after the latest 429 that lowered the rate.
  SteadyTime rate_limited_until_ = SteadyTime::min();
  // Since when there was neither a 429 nor a raise.
  SteadyTime clean_since_ = SteadyTime::min();
};

}  // namespace balance
