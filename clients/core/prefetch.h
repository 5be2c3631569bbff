#pragma once

// Memory that is about to be used, for loops over thousands of objects that no cache holds: the
// processor fetches several of them side by side, instead of one after the other as they are used.

#include <cstddef>

namespace balance {

// Begins to fetch `bytes` from `at` on. Only a hint: nothing is read, so it may be more than there
// is, and null is nothing.
inline void Prefetch(const void* at, std::size_t bytes) {
  if (!at) return;
  constexpr std::size_t kCacheLine = 64;
  const char* const begin = static_cast<const char*>(at);
  for (std::size_t offset = 0; offset < bytes; offset += kCacheLine) {
    __builtin_prefetch(begin + offset, 1);
  }
}

}  // namespace balance
