#pragma once

// What the API serves, and to whom: replaced as a whole when the configuration is read anew.

#include <cstddef>
#include <limits>

#include "clients/core/published.h"
#include "service/access/access_rules.h"
#include "service/rpc/account_directory.h"
#include "service/rpc/watch_limits.h"

namespace balance {

// Immutable once published. A call keeps the one that it began with.
struct Served {
  AccountDirectory accounts;
  AccessRules access{{}};
  // Bytes of the longest answer.
  std::size_t max_answer_size = std::numeric_limits<std::size_t>::max();
  WatchLimits watch = {};
};

}  // namespace balance
