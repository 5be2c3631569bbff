#pragma once

// The accounts that the API serves, by id.

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "service/feed/account_handle.h"
#include "service/snapshot/account_view.h"

namespace balance {

// An account as the API sees it. Both must outlive the server's calls.
struct AccountEndpoint {
  const AccountPublisher* publisher = nullptr;
  AccountHandle* handle = nullptr;
};

// Filled before the server starts, immutable afterwards; then thread-safe.
class AccountDirectory {
 public:
  void Add(std::string id, AccountEndpoint endpoint) {
    accounts_.insert_or_assign(std::move(id), endpoint);
  }

  // Null if there is no such account.
  const AccountEndpoint* Find(std::string_view id) const {
    const auto found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
  }

  // The only account; null unless there is exactly one.
  const AccountEndpoint* Only() const {
    return accounts_.size() == 1 ? &accounts_.begin()->second : nullptr;
  }

  // Ordered by id.
  const std::map<std::string, AccountEndpoint, std::less<>>& accounts() const { return accounts_; }

 private:
  std::map<std::string, AccountEndpoint, std::less<>> accounts_;
};

}  // namespace balance
