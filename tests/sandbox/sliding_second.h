#pragma once

// How many events the last second saw.

#include <algorithm>
#include <chrono>
#include <deque>

#include "clients/core/clock.h"

namespace balance::sandbox {

// Thread-compatible.
class SlidingSecond {
 public:
  // Events in (now - 1 s, now]. Times never go back.
  int Count(SteadyTime now) {
    while (!events_.empty() && events_.front() + std::chrono::seconds(1) <= now) {
      events_.pop_front();
    }
    return static_cast<int>(events_.size());
  }

  void Add(SteadyTime now) {
    events_.push_back(now);
    max_ = std::max(max_, Count(now));
  }

  // The largest count that any Add() saw.
  int max() const { return max_; }

 private:
  std::deque<SteadyTime> events_;
  int max_ = 0;
};

}  // namespace balance::sandbox
