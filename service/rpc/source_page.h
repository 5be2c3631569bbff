#pragma once

// One page of ListSources: which sources it tells of. Pure.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "service/rpc/page.h"
#include "service/rpc/server_call.h"

namespace balance {

struct SourcePage {
  // The sources [begin, end) of one account.
  struct Part {
    std::shared_ptr<const AccountView> view;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  std::vector<Part> parts;
  // Set if there is another page: where this one ends.
  std::optional<PageEnd> end;
};

// At most `size` sources behind `after`, in the order of `accounts`, which begins with the account
// of `after` if that is still configured. A source that a reload took away in between is as good as
// none: its account is told of from the beginning.
SourcePage MakeSourcePage(const std::vector<const AccountEndpoint*>& accounts, const PageEnd& after,
                          std::size_t size);

}  // namespace balance
