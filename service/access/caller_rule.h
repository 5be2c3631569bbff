#pragma once

// One caller of the API: how it is known, and what it may do.

#include <bitset>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "clients/core/clock.h"
#include "service/access/rpc_method.h"
#include "service/access/token_hash.h"

namespace balance {

// An accepted bearer token.
struct TokenHash {
  Sha256 sha256{};
  // Time from which on the token is not accepted any more.
  WallTime expire_time = WallTime::max();

  bool operator==(const TokenHash&) const = default;
};

// The only URI in the client's certificate.
struct SpiffeId {
  std::string uri;
  bool operator==(const SpiffeId&) const = default;
};

// The only DNS name in the client's certificate, lower case, which holds no URI.
struct DnsName {
  std::string name;
  bool operator==(const DnsName&) const = default;
};

struct BearerTokens {
  std::string file;
  std::vector<TokenHash> hashes;
  bool operator==(const BearerTokens&) const = default;
};

// Plain values, checked by the configuration.
struct CallerRule {
  std::string id;
  std::variant<SpiffeId, DnsName, BearerTokens> identity;
  bool all_accounts = false;
  // Ids of the accounts that the caller may see; without meaning if all_accounts is set.
  std::set<std::string, std::less<>> accounts;
  // Methods that the caller may use, indexed by RpcMethod.
  std::bitset<kRpcMethodNames.size()> methods;

  bool operator==(const CallerRule&) const = default;

  bool MayUse(RpcMethod method) const { return methods.test(static_cast<std::size_t>(method)); }
  bool MaySee(std::string_view account) const {
    return all_accounts || accounts.find(account) != accounts.end();
  }
};

}  // namespace balance
