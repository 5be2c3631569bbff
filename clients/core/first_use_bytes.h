#pragma once

// Bytes that are made when they are first asked for, and kept.

#include <atomic>
#include <cstdint>

#include "clients/core/shared_bytes.h"

namespace balance {

// Thread-safe; nobody ever waits. Those who ask while there are none yet may each make them, and
// one result is kept.
class FirstUseBytes {
 public:
  // `make` returns the bytes, the same ones whoever calls it.
  template <typename Make>
  SharedBytes Get(const Make& make) const {
    if (state_.load(std::memory_order_acquire) == State::kKept) return bytes_;
    SharedBytes made = make();
    State expected = State::kNone;
    if (state_.compare_exchange_strong(expected, State::kBeingKept, std::memory_order_relaxed)) {
      bytes_ = made;
      state_.store(State::kKept, std::memory_order_release);
    }
    return made;
  }

 private:
  enum class State : std::uint8_t { kNone, kBeingKept, kKept };

  mutable std::atomic<State> state_ = State::kNone;
  // Written once, while the state is kBeingKept.
  mutable SharedBytes bytes_;
};

}  // namespace balance
