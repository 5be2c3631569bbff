#pragma once

// Pages of the List methods (AIP-158): how large one is, and the token that leads to the next.
// Pure.

#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/balance_v1.h"
#include "service/rpc/rpc_error.h"

namespace balance {

inline constexpr std::int32_t kDefaultPageSize = 50;
inline constexpr std::int32_t kMaxPageSize = 1000;

// Where a page ends: its last account or, in ListSources, its last source.
struct PageEnd {
  // Id of the account.
  std::string account;
  // Id of the source; empty where pages are made of accounts.
  std::string source;

  bool operator==(const PageEnd&) const = default;
};

// How many entries a page has, from a request's `page_size`. Fails with INVALID_ARGUMENT
// (INVALID_PAGE_SIZE) on a negative one.
RpcResult<std::size_t> PageSizeOf(std::int32_t page_size);

// The token for the page behind `end`: opaque, printable ASCII, and good for this request only,
// apart from `page_size` and `page_token`.
std::string MakePageToken(const v1::ListAccountSnapshotsRequest& request, const PageEnd& end);
std::string MakePageToken(const v1::ListSourcesRequest& request, const PageEnd& end);

// The end of the page before, from a request's `page_token`; empty ids for the first page. Fails
// with INVALID_ARGUMENT (INVALID_PAGE_TOKEN) if the token is malformed or was made for a request
// with another filter, policy, view or parent.
RpcResult<PageEnd> ReadPageToken(const v1::ListAccountSnapshotsRequest& request);
RpcResult<PageEnd> ReadPageToken(const v1::ListSourcesRequest& request);

}  // namespace balance
