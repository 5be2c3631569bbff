#pragma once

// A slot for one immutable value: one thread publishes, any thread reads.
//
// std::atomic<std::shared_ptr> would serve, but libstdc++ 12 releases its internal lock with
// relaxed order, which is a data race by the letter and a report by ThreadSanitizer.

#include <memory>
#include <utility>

#include "clients/core/spin_lock.h"
#include "clients/core/thread_annotations.h"

namespace balance {

// Thread-safe. A read copies a pointer; the lock is held for that copy only.
template <typename T>
class Published {
 public:
  // Null until the first Publish().
  std::shared_ptr<const T> Get() const {
    const SpinLockHolder holder(lock_);
    return value_;
  }

  void Publish(std::shared_ptr<const T> value) {
    {
      const SpinLockHolder holder(lock_);
      value_.swap(value);
    }
    // The old value dies here, outside the lock.
  }

 private:
  mutable SpinLock lock_;
  std::shared_ptr<const T> value_ BALANCE_GUARDED_BY(lock_);
};

}  // namespace balance
