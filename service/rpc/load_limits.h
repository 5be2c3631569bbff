#pragma once

// How much work for its callers the service takes on at a time. Whoever comes beyond it is told
// OVERLOADED at once, instead of waiting for an answer that comes too late.

#include <cstddef>

namespace balance {

struct LoadLimits {
  // Number of accounts that the answers in the encoding queue are about, one account counted once
  // for each answer. The queue is worked off within half a second: encoding takes some 30 us each.
  std::size_t queued_accounts = std::size_t{16} * 1024;
  // Number of accounts that calls wait for on the shards, counted alike. Calls about many accounts
  // leave half of it to the others.
  std::size_t awaited_accounts = std::size_t{64} * 1024;
};

}  // namespace balance
