#pragma once

// Arithmetic of times that does not wrap: a sum that nanoseconds in 64 bits cannot hold, which is
// 292 years either way, is the farthest time that they can. For durations that come from outside.

#include <chrono>
#include <cstdint>

#include "clients/core/clock.h"

namespace balance {

// Seconds and nanoseconds, as protobuf's messages and the C library have them.
constexpr Duration SaturatingDuration(std::int64_t seconds, std::int64_t nanos) {
  Duration::rep sum = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &sum) ||
      __builtin_add_overflow(sum, nanos, &sum)) {
    return seconds < 0 ? Duration::min() : Duration::max();
  }
  return Duration(sum);
}

template <typename AnyClock>
constexpr std::chrono::time_point<AnyClock, Duration> SaturatingAdd(
    std::chrono::time_point<AnyClock, Duration> time, Duration by) {
  using Time = std::chrono::time_point<AnyClock, Duration>;
  Duration::rep sum = 0;
  if (__builtin_add_overflow(time.time_since_epoch().count(), by.count(), &sum)) {
    return by < Duration::zero() ? Time::min() : Time::max();
  }
  return Time(Duration(sum));
}

template <typename AnyClock>
constexpr std::chrono::time_point<AnyClock, Duration> SaturatingSubtract(
    std::chrono::time_point<AnyClock, Duration> time, Duration by) {
  using Time = std::chrono::time_point<AnyClock, Duration>;
  Duration::rep difference = 0;
  if (__builtin_sub_overflow(time.time_since_epoch().count(), by.count(), &difference)) {
    return by < Duration::zero() ? Time::max() : Time::min();
  }
  return Time(Duration(difference));
}

// The time from `earlier` to `later`, which may be negative.
template <typename AnyClock>
constexpr Duration SaturatingDifference(std::chrono::time_point<AnyClock, Duration> later,
                                        std::chrono::time_point<AnyClock, Duration> earlier) {
  Duration::rep difference = 0;
  if (__builtin_sub_overflow(later.time_since_epoch().count(), earlier.time_since_epoch().count(),
                             &difference)) {
    return later < earlier ? Duration::min() : Duration::max();
  }
  return Duration(difference);
}

}  // namespace balance
