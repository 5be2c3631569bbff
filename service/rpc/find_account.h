#pragma once

// The accounts that the names in a request stand for.

#include <cstddef>
#include <memory>
#include <string>

#include "service/rpc/call_context.h"

namespace balance {

// The account of that name, `accounts/{account}`. No name stands for the only account that the
// caller may see. `field` is where the name stands in the request. Fails with INVALID_ARGUMENT
// (INVALID_NAME), PERMISSION_DENIED, before anything tells whether there is such an account, or
// NOT_FOUND (ACCOUNT_NOT_CONFIGURED). It lives as long as what is served.
RpcResult<const AccountEndpoint*> FindAccount(const CallContext& call, const std::string& name,
                                              const std::string& field);

struct FoundSource {
  const AccountEndpoint* account = nullptr;
  std::shared_ptr<const AccountView> view;
  // Index of the source in the view.
  std::size_t index = 0;
};

// The source of that name, `accounts/{account}/sources/{source}`; a bare id is that of a source of
// the only account that the caller may see. Fails like FindAccount(), and with NOT_FOUND
// (SOURCE_NOT_CONFIGURED).
RpcResult<FoundSource> FindSourceByName(const CallContext& call, const std::string& name);

}  // namespace balance
