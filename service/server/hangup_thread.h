#pragma once

// Answers SIGHUP beside whatever else the process does, so that a reload that hangs, or reloads
// without end, keep nobody from hearing that the process shall stop.

#include <atomic>
#include <functional>
#include <thread>

namespace balance {

class HangupThread {
 public:
  // Calls `on_hangup` on a thread of its own after each SIGHUP; those that arrive during a call
  // bring one more. REQUIRES: all threads block SIGHUP, and none but this object waits for it.
  explicit HangupThread(std::function<void()> on_hangup);
  HangupThread(const HangupThread&) = delete;
  HangupThread& operator=(const HangupThread&) = delete;
  // Waits for a call that is under way; begins none.
  ~HangupThread();

 private:
  void Run();

  const std::function<void()> on_hangup_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace balance
