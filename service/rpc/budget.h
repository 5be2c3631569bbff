#pragma once

// A bounded amount of something that calls take and give back.

#include <atomic>
#include <cstddef>

namespace balance {

// Thread-safe.
class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget() = default;

  std::size_t limit() const { return limit_; }
  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // Takes the amount; returns false, with nothing taken, if that would exceed the limit in all.
  bool TryTake(std::size_t amount) { return TryTake(amount, limit_); }
  // The same with a limit of its own, for those who are to leave room for others.
  bool TryTake(std::size_t amount, std::size_t limit) {
    std::size_t taken = taken_.load(std::memory_order_relaxed);
    do {
      if (amount > limit || taken > limit - amount) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + amount, std::memory_order_relaxed));
    return true;
  }

  // Takes it whatever the limit is.
  void Take(std::size_t amount) { taken_.fetch_add(amount, std::memory_order_relaxed); }

  // Gives the amount back. REQUIRES: so much was taken.
  void Give(std::size_t amount) { taken_.fetch_sub(amount, std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace balance
