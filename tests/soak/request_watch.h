#pragma once

// How often the upstreams were asked with each login.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tests/sandbox/sandbox.h"

namespace balance {

struct Asked {
  std::uint64_t requests = 0;
  WallTime first;
  WallTime last;
  Duration longest_gap{};

  // Mean time between two requests. REQUIRES: there were two.
  Duration MeanGap() const { return (last - first) / static_cast<long>(requests - 1); }
};

// Used on one thread.
class RequestWatch {
 public:
  // Takes in what the sandbox has recorded since the last time. It keeps a thousand requests.
  void Look(sandbox::Sandbox& upstreams);

  // Requests with a key, as the sandbox counts it: RequestRecord::key.
  const Asked& Of(const std::string& key) { return by_key_[key]; }

 private:
  std::map<std::string, Asked> by_key_;
  // Time of the newest request that was taken in, of each side.
  WallTime seen_until_[2] = {};
};

}  // namespace balance
