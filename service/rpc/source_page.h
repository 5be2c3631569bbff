#pragma once

// One page of ListSources: which sources it tells of.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/balance_v1.h"
#include "service/rpc/call_context.h"
#include "service/rpc/page.h"

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
  // Number of the sources on all pages.
  std::size_t total_size = 0;
};

// At most `size` sources behind `after`, of the account named `parent` or, if that is empty, of all
// accounts that the caller may see. A source that a reload took away in between is as good as none:
// its account is told of from the beginning. Fails like FindAccount().
RpcResult<SourcePage> FindSourcePage(const CallContext& call, const std::string& parent,
                                     const PageEnd& after, std::size_t size);

// Adds the page's sources, as they are `now`, to the response.
void EncodeSourcePage(const SourcePage& page, Now now, v1::ListSourcesResponse& response);

}  // namespace balance
