#include "clients/redis/redis_clock.h"

#include <algorithm>
#include <charconv>

namespace balance {
namespace {

using std::chrono::microseconds;

std::optional<std::int64_t> NumberOf(const RedisReply& reply) {
  const auto text = reply.AsText();
  std::int64_t number = 0;
  if (!text) return std::nullopt;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  return number;
}

// Nanoseconds since 1970 do not reach much further.
constexpr std::int64_t kMostSeconds = 9'000'000'000;

Duration Sum(RedisTime time) { return time.time_since_epoch(); }

}  // namespace

std::optional<RedisTime> TimeOfMicros(std::int64_t micros) {
  if (micros < 0 || micros > kMostSeconds * 1'000'000) return std::nullopt;
  return RedisTime(microseconds(micros));
}

std::optional<RedisTime> TimeOfReply(const RedisReply& reply) {
  if (reply.elements.size() != 2) return std::nullopt;
  const auto seconds = NumberOf(reply.elements[0]);
  const auto micros = NumberOf(reply.elements[1]);
  if (!seconds || !micros || *seconds >= kMostSeconds || *micros > 999'999) return std::nullopt;
  return RedisTime(std::chrono::seconds(*seconds) + microseconds(*micros));
}

Duration RedisClock::Observe(const ClockSample& sample) {
  const Duration redis = Sum(sample.redis);
  Duration least = redis - sample.received.time_since_epoch();
  // Redis cuts off what is finer than a microsecond.
  Duration most = redis + microseconds(1) - sample.sent.time_since_epoch();
  Duration set{0};
  if (known_) {
    const Duration widening = Widening(sample.received);
    const Duration common_least = std::max(least, least_ - widening);
    const Duration common_most = std::min(most, most_ + widening);
    if (common_least <= common_most) {
      least = common_least;
      most = common_most;
    } else {
      set = most < least_ - widening ? most - (least_ - widening) : least - (most_ + widening);
      if (std::chrono::abs(set) < kNotableStep) set = Duration::zero();
    }
    if (set < Duration::zero()) {
      doubtful_until_ = std::max(doubtful_until_, Latest(sample.received));
    }
    if (set > Duration::zero()) set_ahead_at_ = sample.received;
  }
  least_ = least;
  most_ = most;
  as_of_ = sample.received;
  known_ = true;
  return set;
}

RedisTime RedisClock::Earliest(SteadyTime when) const {
  return RedisTime(
      std::chrono::floor<microseconds>(when.time_since_epoch() + least_ - Widening(when)));
}

RedisTime RedisClock::Latest(SteadyTime when) const {
  return RedisTime(
      std::chrono::ceil<microseconds>(when.time_since_epoch() + most_ + Widening(when)));
}

RedisTime RedisClock::Stamp(SteadyTime when) const {
  return RedisTime(std::chrono::floor<microseconds>(when.time_since_epoch() + least_));
}

SteadyTime RedisClock::WhenStamped(RedisTime stamp) const {
  return SteadyTime(Sum(stamp) - least_);
}

SteadyTime RedisClock::ToSteady(RedisTime when) const {
  return SteadyTime(Sum(when) - least_ - (most_ - least_) / 2);
}

SteadyTime RedisClock::SurelyAfter(RedisTime when) const {
  const SteadyTime narrow(Sum(when) - least_);
  return narrow + Widening(narrow);
}

SteadyTime RedisClock::SurelyBefore(RedisTime when) const {
  const SteadyTime narrow(Sum(when) - most_);
  return narrow - Widening(narrow);
}

Duration RedisClock::AheadOfWall(Now now) const {
  return now.steady.time_since_epoch() + least_ + (most_ - least_) / 2 -
         now.wall.time_since_epoch();
}

Duration RedisClock::Uncertainty(SteadyTime now) const {
  return (most_ - least_) / 2 + Widening(now);
}

Duration RedisClock::Widening(SteadyTime when) const {
  const Duration away = std::chrono::abs(when - as_of_);
  return Duration(static_cast<Duration::rep>(static_cast<double>(away.count()) * kDrift));
}

}  // namespace balance
