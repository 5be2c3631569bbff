#include "service/rpc/source_page.h"

#include <algorithm>
#include <utility>

#include "service/rpc/find_account.h"
#include "service/rpc/read_request.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

using Endpoints = std::vector<const AccountEndpoint*>;

// The accounts whose sources a page may hold, in order, from the one in which it begins.
Endpoints AccountsFrom(const CallContext& call, const PageEnd& after, std::size_t size) {
  Endpoints accounts;
  // A token proves nothing: whoever made it may not see the account by it.
  if (!after.account.empty() && call.MaySee(after.account)) {
    if (const AccountEndpoint* begun = call.Find(after.account)) accounts.push_back(begun);
  }
  // Every account has a source, so a page, and the one entry that tells of another, needs no more.
  const Endpoints behind = call.Accounts(after.account, size + 1);
  accounts.insert(accounts.end(), behind.begin(), behind.end());
  return accounts;
}

std::size_t BeginIn(const std::string& account, const AccountView& view, const PageEnd& after) {
  if (account != after.account) return 0;
  // Without such a source, at the first one.
  const int found = FindSource(view.statuses, after.source);
  return found < 0 ? 0 : static_cast<std::size_t>(found) + 1;
}

void FillPage(const Endpoints& accounts, const PageEnd& after, std::size_t size, SourcePage& page) {
  PageEnd last;
  for (const AccountEndpoint* endpoint : accounts) {
    const std::string& account = endpoint->publisher->account();
    auto view = endpoint->publisher->Get();
    const std::size_t begin = BeginIn(account, *view, after);
    const std::size_t end = std::min(begin + size, view->statuses.size());
    if (begin == view->statuses.size()) continue;
    if (size == 0) {
      page.end = last;
      return;
    }
    size -= end - begin;
    last = {account, view->statuses[end - 1].info->source};
    if (end < view->statuses.size()) page.end = last;
    page.parts.push_back({std::move(view), begin, end});
    if (page.end) return;
  }
}

}  // namespace

RpcResult<SourcePage> FindSourcePage(const CallContext& call, const std::string& parent,
                                     const PageEnd& after, std::size_t size) {
  SourcePage page;
  if (parent.empty()) {
    page.total_size = call.CountAll().sources;
    FillPage(AccountsFrom(call, after, size), after, size, page);
    return page;
  }
  const auto endpoint = FindAccount(call, parent, "parent");
  if (!endpoint) return RpcFailure(endpoint.error());
  page.total_size = (*endpoint)->source_count;
  FillPage({*endpoint}, after, size, page);
  return page;
}

void EncodeSourcePage(const SourcePage& page, Now now, v1::ListSourcesResponse& response) {
  for (const SourcePage::Part& part : page.parts) {
    for (std::size_t i = part.begin; i < part.end; ++i) {
      EncodeSourceStatus(part.view->statuses[i], now, *response.add_sources());
    }
  }
}

}  // namespace balance
