#pragma once

// The accounts that the API serves, by id.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/feed/account_handle.h"
#include "service/snapshot/account_view.h"

namespace balance {

// An account as the API sees it. Both keep the account alive.
struct AccountEndpoint {
  std::shared_ptr<const AccountPublisher> publisher;
  std::shared_ptr<AccountHandle> handle;
  // Number of configured sources, which an account keeps for its life. Set by the directory.
  std::size_t source_count = 0;
  // What those want who watch all of them at their own pace: mostly everybody, so all accounts with
  // as many sources share it. Set by the directory.
  std::shared_ptr<const WatchTerms> whole = nullptr;
};

// Filled by one thread, then immutable and hence thread-safe.
class AccountDirectory {
 public:
  using Accounts = std::map<std::string, AccountEndpoint, std::less<>>;

  // REQUIRES: there is no account of that id yet; its feed has published.
  void Add(std::string id, AccountEndpoint endpoint) {
    const auto view = endpoint.publisher->Get();
    endpoint.source_count = view->statuses.size();
    source_count_ += endpoint.source_count;
    auto& whole = whole_[endpoint.source_count];
    if (!whole) {
      whole = std::make_shared<const WatchTerms>(
          WatchTerms{std::vector<bool>(endpoint.source_count, true), std::nullopt});
    }
    endpoint.whole = whole;
    accounts_.insert_or_assign(std::move(id), std::move(endpoint));
  }

  // Null if there is no such account.
  const AccountEndpoint* Find(std::string_view id) const {
    const auto found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
  }

  // All accounts, ordered by id.
  const Accounts& accounts() const { return accounts_; }

  // Ids of the accounts that are here or there alone, or another one in each.
  std::vector<std::string> ChangedSince(const AccountDirectory& before) const {
    std::vector<std::string> changed;
    auto old = before.accounts_.begin();
    for (const auto& [id, endpoint] : accounts_) {
      for (; old != before.accounts_.end() && old->first < id; ++old) changed.push_back(old->first);
      const bool is_in_both = old != before.accounts_.end() && old->first == id;
      if (!is_in_both || old->second.publisher != endpoint.publisher) changed.push_back(id);
      if (is_in_both) ++old;
    }
    for (; old != before.accounts_.end(); ++old) changed.push_back(old->first);
    return changed;
  }

  // Number of sources of all accounts together.
  std::size_t source_count() const { return source_count_; }

 private:
  Accounts accounts_;
  // By number of sources.
  std::map<std::size_t, std::shared_ptr<const WatchTerms>> whole_;
  std::size_t source_count_ = 0;
};

}  // namespace balance
