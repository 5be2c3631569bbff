#pragma once

// What the API serves, and to whom: replaced as a whole when the configuration is read anew.

#include "clients/core/published.h"
#include "service/access/access_rules.h"
#include "service/rpc/account_directory.h"

namespace balance {

// Immutable once published. A call keeps the one that it began with.
struct Served {
  AccountDirectory accounts;
  AccessRules access{{}};
};

}  // namespace balance
