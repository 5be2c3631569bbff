#pragma once

// How many calls gRPC has in its hands, so that a queue is not ended under them.

#include <atomic>

namespace balance::bench {

// Thread-safe.
class OpenCalls {
 public:
  void Add() { ++count_; }
  void Remove() {
    if (--count_ == 0) count_.notify_all();
  }

  // Until there is none.
  void WaitForNone() const {
    for (int count = count_; count != 0; count = count_) count_.wait(count);
  }

 private:
  std::atomic<int> count_ = 0;
};

}  // namespace balance::bench
