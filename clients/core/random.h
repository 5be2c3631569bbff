#pragma once

// Chance as a dependency, so that a test can repeat it.

#include <functional>
#include <random>

namespace balance {

// Uniform in [0, 1). Used on one thread.
using Random = std::function<double()>;

// The same numbers for the same seed.
inline Random SeededRandom(std::uint64_t seed) {
  return [engine = std::mt19937_64(seed)]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace balance
