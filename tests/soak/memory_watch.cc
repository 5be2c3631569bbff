#include "tests/soak/memory_watch.h"

#include <algorithm>
#include <cstdio>

namespace balance {
namespace {

#ifdef __SANITIZE_ADDRESS__
// AddressSanitizer keeps some of what was freed.
constexpr long kGrowthKib = 256 * 1024;
#else
constexpr long kGrowthKib = 8 * 1024;
#endif

}  // namespace

MemoryWatch::MemoryWatch(std::chrono::seconds lasts)
    : warm_after_(std::min(std::chrono::seconds(60), lasts / 3)) {}

void MemoryWatch::Note(std::chrono::steady_clock::duration elapsed, long kib) {
  if (elapsed >= warm_after_ && warm_kib_ == 0) warm_kib_ = kib;
  most_kib_ = std::max(most_kib_, kib);
}

bool MemoryWatch::Judge() const {
  std::printf("memory: %ld KiB when warm, %ld KiB at most\n", warm_kib_, most_kib_);
  return warm_kib_ > 0 && most_kib_ <= warm_kib_ + kGrowthKib;
}

}  // namespace balance
