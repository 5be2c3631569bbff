#pragma once

// The mutex of this project, and what goes with it: std::mutex with the annotations by which Clang
// finds guarded data that is used without the lock. abseil's would do the same, but Debian's build
// of it looks for deadlocks at each lock, and only gRPC needs abseil.
//
//   class Tally {
//    public:
//     void Add(int n) {
//       const MutexLock lock(mutex_);
//       sum_ += n;
//     }
//
//    private:
//     Mutex mutex_;
//     int sum_ BALANCE_GUARDED_BY(mutex_) = 0;
//   };

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "clients/core/thread_annotations.h"

namespace balance {

// Thread-safe. Not recursive. Held by a MutexLock.
class BALANCE_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() = default;

  void Lock() BALANCE_ACQUIRE() { mutex_.lock(); }
  void Unlock() BALANCE_RELEASE() { mutex_.unlock(); }

 private:
  friend class ConditionVariable;

  std::mutex mutex_;
};

// Holds a mutex from its construction to its end. `mutex` must outlive it.
class BALANCE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BALANCE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() BALANCE_RELEASE() { mutex_.Unlock(); }

 private:
  Mutex& mutex_;
};

// Wakes threads that wait for a condition on what a mutex guards. Thread-safe; used with one mutex
// only.
//
// The condition is called with the mutex held, must not throw, and tells so to Clang:
//
//   wake_.Wait(mutex_, [this]() BALANCE_REQUIRES(mutex_) { return is_stopped_; });
class ConditionVariable {
 public:
  // Returns with the mutex held once the condition is met. The mutex is released meanwhile.
  template <typename Condition>
  void Wait(Mutex& mutex, Condition is_met) BALANCE_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock, std::move(is_met));
    lock.release();
  }

  // The same, but for no longer than `patience` of the monotonic clock. Returns whether the
  // condition is met.
  template <typename Rep, typename Period, typename Condition>
  bool WaitFor(Mutex& mutex, std::chrono::duration<Rep, Period> patience, Condition is_met)
      BALANCE_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool was_met = condition_.wait_for(lock, patience, std::move(is_met));
    lock.release();
    return was_met;
  }

  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace balance
