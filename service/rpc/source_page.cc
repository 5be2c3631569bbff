#include "service/rpc/source_page.h"

#include <algorithm>

#include "service/rpc/read_request.h"

namespace balance {
namespace {

std::size_t BeginIn(const std::string& account, const AccountView& view, const PageEnd& after) {
  if (account != after.account) return 0;
  return static_cast<std::size_t>(FindSource(view.statuses, after.source) + 1);
}

}  // namespace

SourcePage MakeSourcePage(const std::vector<const AccountEndpoint*>& accounts, const PageEnd& after,
                          std::size_t size) {
  SourcePage page;
  PageEnd last;
  for (const AccountEndpoint* endpoint : accounts) {
    const std::string& account = endpoint->publisher->account();
    auto view = endpoint->publisher->Get();
    const std::size_t begin = BeginIn(account, *view, after);
    const std::size_t end = std::min(begin + size, view->statuses.size());
    if (begin == view->statuses.size()) continue;
    if (size == 0) {
      page.end = last;
      return page;
    }
    size -= end - begin;
    last = {account, view->statuses[end - 1].info->source};
    if (end < view->statuses.size()) page.end = last;
    page.parts.push_back({std::move(view), begin, end});
    if (page.end) return page;
  }
  return page;
}

}  // namespace balance
