#pragma once

// What the API serves, and to whom: replaced as a whole when the configuration is read anew.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

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
  // How often what is served had been replaced before.
  std::uint64_t generation = 0;
  // Ids of the accounts that are not those of the generation before: new, gone or made anew.
  std::vector<std::string> changed_accounts = {};
};

// Says in `served` what it replaces.
inline void NoteReplaced(const Served& before, Served& served) {
  served.generation = before.generation + 1;
  served.changed_accounts = served.accounts.ChangedSince(before.accounts);
}

}  // namespace balance
