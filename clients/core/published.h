#pragma once

// A slot for one immutable value: one thread publishes, any thread reads.
//
// std::atomic<std::shared_ptr> would serve, but libstdc++ 12 releases its internal lock with
// relaxed order, which is a data race by the letter and a report by ThreadSanitizer.

#include <atomic>
#include <memory>
#include <utility>

namespace balance {

// Thread-safe. A read copies a pointer; the lock is held for that copy only.
template <typename T>
class Published {
 public:
  // Null until the first Publish().
  std::shared_ptr<const T> Get() const {
    const Guard guard(lock_);
    return value_;
  }

  void Publish(std::shared_ptr<const T> value) {
    {
      const Guard guard(lock_);
      value_.swap(value);
    }
    // The old value dies here, outside the lock.
  }

 private:
  class Guard {
   public:
    explicit Guard(std::atomic_flag& lock) : lock_(lock) {
      while (lock_.test_and_set(std::memory_order_acquire)) {
        while (lock_.test(std::memory_order_relaxed)) {
        }
      }
    }
    ~Guard() { lock_.clear(std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic_flag& lock_;
  };

  mutable std::atomic_flag lock_ = ATOMIC_FLAG_INIT;
  std::shared_ptr<const T> value_;
};

}  // namespace balance
