#include "service/rpc/find_account.h"

#include <utility>

#include "clients/core/resource_id.h"
#include "service/rpc/read_request.h"
#include "service/rpc/resource_name.h"

namespace balance {
namespace {

RpcFailure NotConfigured(std::string_view reason, std::string_view full_name, std::string what) {
  std::string name = ShortText(full_name);
  RpcError error;
  error.code = StatusCode::kNotFound;
  error.reason = reason;
  error.message =
      "\"" + name + "\" is not a configured " + std::move(what) + "; ListSources names what is";
  error.metadata = {{"name", std::move(name)}};
  return RpcFailure(std::move(error));
}

// By the account's id, as it stands in `name`.
RpcResult<const AccountEndpoint*> FindConfigured(const CallContext& call, std::string_view account,
                                                 const std::string& name) {
  if (!call.MaySee(account)) return call.Deny(AccessRefusal::kAccountNotAllowed, name);
  const AccountEndpoint* endpoint = call.Find(account);
  if (!endpoint) return NotConfigured(reason::kAccountNotConfigured, name, "account");
  return endpoint;
}

}  // namespace

RpcResult<const AccountEndpoint*> FindAccount(const CallContext& call, const std::string& name,
                                              const std::string& field) {
  if (name.empty()) {
    if (const AccountEndpoint* only = call.Only()) return only;
    return InvalidField(reason::kInvalidName, field,
                        "is empty, but there is not exactly one account; send "
                        "\"accounts/{account}\"");
  }
  if (const auto account = ParseAccountName(name)) return FindConfigured(call, *account, name);
  return InvalidField(reason::kInvalidName, field,
                      "is no account name; send \"accounts/{account}\", where {account} matches "
                      "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
}

RpcResult<FoundSource> FindSourceByName(const CallContext& call, const std::string& name) {
  FoundSource found;
  std::string_view source = name;
  if (const auto parts = ParseSourceName(name)) {
    source = parts->source;
    const auto account = FindConfigured(call, parts->account, AccountName(parts->account));
    if (!account) return RpcFailure(account.error());
    found.account = *account;
  } else {
    found.account = call.Only();
    if (!found.account || !IsResourceId(name)) {
      return InvalidField(reason::kInvalidName, "name",
                          "is no source name; send \"accounts/{account}/sources/{source}\"");
    }
  }
  found.view = found.account->publisher->Get();
  const int index = FindSource(found.view->statuses, source);
  if (index < 0) return NotConfigured(reason::kSourceNotConfigured, name, "source");
  found.index = static_cast<std::size_t>(index);
  return found;
}

}  // namespace balance
