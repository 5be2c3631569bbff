#include "tests/soak/memory_watch.h"

#include <algorithm>
#include <cstdio>

namespace balance {

MemoryWatch::MemoryWatch(std::chrono::seconds lasts, long growth_kib)
    : warm_after_(std::min(std::chrono::seconds(60), lasts / 3)), growth_kib_(growth_kib) {}

void MemoryWatch::Note(std::chrono::steady_clock::duration elapsed, long kib) {
  if (elapsed >= warm_after_ && warm_kib_ == 0) warm_kib_ = kib;
  most_kib_ = std::max(most_kib_, kib);
}

bool MemoryWatch::Judge() const {
  std::printf("memory: %ld KiB when warm, %ld KiB at most\n", warm_kib_, most_kib_);
  return warm_kib_ > 0 && most_kib_ <= warm_kib_ + growth_kib_;
}

}  // namespace balance
