#pragma once

// Chance as a dependency, so that a test can repeat it.

#include <cstdint>
#include <functional>

namespace balance {

// Uniform in [0, 1). Used on one thread.
using Random = std::function<double()>;

// The same numbers for the same seed. SplitMix64, for jitter: its state is a number, where that of
// the standard's engines is up to five thousand bytes, and every source has two.
inline Random SeededRandom(std::uint64_t seed) {
  return [state = seed]() mutable {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    // The 53 bits of a double.
    return static_cast<double>(mixed >> 11) * 0x1p-53;
  };
}

}  // namespace balance
