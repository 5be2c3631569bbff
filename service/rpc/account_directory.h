#pragma once

// The accounts that the API serves, by id.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "service/feed/account_handle.h"
#include "service/snapshot/account_view.h"

namespace balance {

// An account as the API sees it. Both keep the account alive.
struct AccountEndpoint {
  std::shared_ptr<const AccountPublisher> publisher;
  std::shared_ptr<AccountHandle> handle;
};

// Filled by one thread, then immutable and hence thread-safe.
class AccountDirectory {
 public:
  using Accounts = std::map<std::string, AccountEndpoint, std::less<>>;

  void Add(std::string id, AccountEndpoint endpoint) {
    accounts_.insert_or_assign(std::move(id), std::move(endpoint));
  }

  // Null if there is no such account.
  const AccountEndpoint* Find(std::string_view id) const {
    const auto found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
  }

  // Ordered by id.
  const Accounts& accounts() const { return accounts_; }

 private:
  Accounts accounts_;
};

}  // namespace balance
