#pragma once

// A lock of one byte, for what is held for a few instructions.

#include <atomic>
#include <thread>

#include "clients/core/thread_annotations.h"

namespace balance {

// Thread-safe. Held by a SpinLockHolder. Not fair, so whoever holds it must neither block nor call
// what is not its own.
class BALANCE_CAPABILITY("spin lock") SpinLock {
 public:
  void Lock() BALANCE_ACQUIRE() {
    // The holder may have lost its core meanwhile.
    constexpr int kSpins = 100;
    for (int spins = 0; is_locked_.test_and_set(std::memory_order_acquire);) {
      while (is_locked_.test(std::memory_order_relaxed)) {
        if (++spins % kSpins == 0) std::this_thread::yield();
      }
    }
  }
  void Unlock() BALANCE_RELEASE() { is_locked_.clear(std::memory_order_release); }

 private:
  std::atomic_flag is_locked_ = ATOMIC_FLAG_INIT;
};

// Holds a lock from its construction to its end. `lock` must outlive it.
class BALANCE_SCOPED_CAPABILITY SpinLockHolder {
 public:
  explicit SpinLockHolder(SpinLock& lock) BALANCE_ACQUIRE(lock) : lock_(lock) { lock_.Lock(); }
  SpinLockHolder(const SpinLockHolder&) = delete;
  SpinLockHolder& operator=(const SpinLockHolder&) = delete;
  ~SpinLockHolder() BALANCE_RELEASE() { lock_.Unlock(); }

 private:
  SpinLock& lock_;
};

}  // namespace balance
