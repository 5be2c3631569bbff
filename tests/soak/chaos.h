#pragma once

// Random trouble on both sides of a sandbox.

#include <cstdint>
#include <random>

#include "tests/sandbox/sandbox.h"

namespace balance {

// Used on one thread.
class Chaos {
 public:
  Chaos(sandbox::Sandbox& upstreams, std::uint64_t seed) : upstreams_(upstreams), random_(seed) {}

  // One step: a fault, a change of latency, an unplugging or a recovery of either side, or nothing.
  // Never one that holds a credential off for minutes, for then there is nothing left to test.
  void Step();

  // Ends all trouble.
  void Calm();

 private:
  void Trouble(sandbox::Side side);

  sandbox::Sandbox& upstreams_;
  std::mt19937_64 random_;
  // Steps until the side is plugged in again; 0: it is.
  int unplugged_[2] = {0, 0};
};

}  // namespace balance
