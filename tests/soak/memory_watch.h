#pragma once

// Whether a process's memory stays where it was once it was warm.

#include <chrono>

namespace balance {

// Used on one thread.
class MemoryWatch {
 public:
  // The process counts as warm after a third of `lasts`, but no later than after a minute.
  // It may grow by `growth_kib` from then on.
  MemoryWatch(std::chrono::seconds lasts, long growth_kib);

  // Notes the memory that the process had `elapsed` after its start.
  void Note(std::chrono::steady_clock::duration elapsed, long kib);

  // Prints what was noted; whether it did not grow by more than is allowed.
  bool Judge() const;

 private:
  const std::chrono::seconds warm_after_;
  const long growth_kib_;
  long warm_kib_ = 0;
  long most_kib_ = 0;
};

}  // namespace balance
