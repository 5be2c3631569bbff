#pragma once

// Waits for what other threads bring about.

#include <chrono>
#include <thread>

namespace balance {

// Asks `condition` until it holds, and once more when `patience` is over. Returns whether it held.
// What held once is not asked again: it may be over by then.
template <typename Condition>
bool Becomes(Condition condition, std::chrono::seconds patience = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    const bool is_last = std::chrono::steady_clock::now() >= end;
    if (condition()) return true;
    if (is_last) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace balance
