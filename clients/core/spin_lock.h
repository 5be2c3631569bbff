#pragma once

// A lock of one byte, for what is held for a few instructions.

#include <atomic>
#include <thread>

namespace balance {

// Thread-safe; to be used with std::lock_guard. Not fair, so whoever holds it must neither block
// nor call what is not its own.
class SpinLock {
 public:
  void lock() {
    // The holder may have lost its core meanwhile.
    constexpr int kSpins = 100;
    for (int spins = 0; is_locked_.test_and_set(std::memory_order_acquire);) {
      while (is_locked_.test(std::memory_order_relaxed)) {
        if (++spins % kSpins == 0) std::this_thread::yield();
      }
    }
  }
  void unlock() { is_locked_.clear(std::memory_order_release); }

 private:
  std::atomic_flag is_locked_ = ATOMIC_FLAG_INIT;
};

}  // namespace balance
