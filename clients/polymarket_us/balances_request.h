#pragma once

// The signed request for an account's balances.

#include <string>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/polymarket_us/signing_key.h"

namespace balance::polymarket_us {

// One login. Immutable, shared by the client and its fetches under way.
struct Credentials {
  std::string key_id;
  SigningKey key;
};

// The request that is sent at `now`; the venue refuses a timestamp 30 s from its own clock, so a
// request is never kept or sent twice. Timeout and CA are left to the caller. Fails with
// kCredentialsRejected on a key id that cannot be a header's value. Pure.
Result<HttpRequest> BuildBalancesRequest(const BaseUrl& base_url, const Credentials& credentials,
                                         WallTime now);

// The signature that `request` carries: together with the key id and the time that stand beside it,
// it lets whoever reads it ask for the same balances for as long as the venue accepts that time.
// REQUIRES: `request` is from BuildBalancesRequest().
std::string SignatureOf(const HttpRequest& request);

}  // namespace balance::polymarket_us
