#pragma once

// What is known here of Redis's clock, from the round trips of commands that told its time.

#include <cstdint>
#include <optional>

#include "clients/core/clock.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/redis_time.h"

namespace balance {

// A reply told `redis`, which was Redis's time somewhere between the two moments of ours.
struct ClockSample {
  SteadyTime sent;
  SteadyTime received;
  RedisTime redis;
};

// The time that Redis tells in microseconds; unset if it is none that can be reckoned with.
std::optional<RedisTime> TimeOfMicros(std::int64_t micros);

// Reads the reply to TIME; unset if it is none.
std::optional<RedisTime> TimeOfReply(const RedisReply& reply);

// Every sample bounds how far the two clocks are apart, and what all samples have in common is what
// is known. The bounds widen with time, as clocks run at slightly different speeds. A sample that
// contradicts them shows that one of the clocks was set, and as ours runs on whatever happens, it
// was Redis's: the sample alone counts then.
//
// Of times before Redis's clock was set back, some come twice: IsDoubtful() tells which.
//
// A value type; time is an argument. Used on one thread.
class RedisClock {
 public:
  // By how much two clocks may drift apart: NTP slews by 500 parts in a million at most, and so
  // much again for a bad crystal.
  static constexpr double kDrift = 0.001;

  // By less, clocks are set, or slewed, in daily life; ages are not right to less anyway.
  static constexpr Duration kNotableStep = std::chrono::milliseconds(100);

  // By how much, at least, Redis's clock was set since the sample before: ahead if that is
  // positive, back if it is negative. 0: by less than kNotableStep, as far as one can tell.
  Duration Observe(const ClockSample& sample);

  bool is_known() const { return known_; }

  // The bounds of Redis's time at `when`: it is not before the first and not after the second,
  // unless a clock was set meanwhile. REQUIRES: is_known().
  RedisTime Earliest(SteadyTime when) const;
  RedisTime Latest(SteadyTime when) const;

  // The time to put on what is done at `when`: what Redis's clock showed then, or up to some
  // milliseconds less. Unlike Earliest() it takes both clocks to run at one speed since the latest
  // sample, so it stays near; after hours without one it may be late by their drift. REQUIRES:
  // is_known().
  RedisTime Stamp(SteadyTime when) const;
  // The first moment whose Stamp() is `stamp` or later. REQUIRES: is_known().
  SteadyTime WhenStamped(RedisTime stamp) const;

  // Whether Redis's clock may have shown `when` before it was set back by a notable step, so that
  // what is of that time may be older than it looks.
  bool IsDoubtful(RedisTime when) const { return when <= doubtful_until_; }
  // The latest such time; RedisTime::min() if it was not set back.
  RedisTime doubtful_until() const { return doubtful_until_; }

  // When it was last found to have been set ahead by a notable step: what has filled with its time
  // since before may be fuller than it would be. SteadyTime::min(): never.
  SteadyTime set_ahead_at() const { return set_ahead_at_; }

  // Our time at which Redis's was, or will be, `when`: the middle of what is possible, the first
  // moment at which it surely has come and the last at which it surely has not passed. REQUIRES:
  // is_known().
  SteadyTime ToSteady(RedisTime when) const;
  SteadyTime SurelyAfter(RedisTime when) const;
  SteadyTime SurelyBefore(RedisTime when) const;

  // How far Redis's clock is ahead of our wall clock, as far as is known. REQUIRES: is_known().
  Duration AheadOfWall(Now now) const;

  // Half of the distance between the bounds at `now`. REQUIRES: is_known().
  Duration Uncertainty(SteadyTime now) const;

 private:
  // How much the bounds have widened since, or will have until, `when`.
  Duration Widening(SteadyTime when) const;

  bool known_ = false;
  // Bounds of Redis's time less ours, at `as_of_`.
  Duration least_{};
  Duration most_{};
  SteadyTime as_of_;
  // The latest that Redis's clock can have shown before it was set back.
  RedisTime doubtful_until_ = RedisTime::min();
  SteadyTime set_ahead_at_ = SteadyTime::min();
};

}  // namespace balance
