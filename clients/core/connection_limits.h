#pragma once

// How many connections to upstreams there may be. A firm limit keeps what a hanging venue can hold,
// and what is left idle, from taking the descriptors that callers need.

#include <cstddef>

namespace balance {

// Limits of one shard: its transport and its ConnectionSlots are given the same.
struct ConnectionLimits {
  // Most connections open at a time, idle ones included. Also the most exchanges under way.
  std::size_t total = 512;

  // Most connections of one host: so many are kept, and so many are in use if no other host uses
  // any.
  std::size_t of_a_host() const { return total / 2; }
};

}  // namespace balance
