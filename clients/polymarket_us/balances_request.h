#pragma once

// The signed request for an account's balances.

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/polymarket_us/signed_headers.h"

namespace balance::polymarket_us {

// The request that is sent at `now`; the venue refuses a timestamp 30 s from its own clock, so a
// request is never kept or sent twice. Timeout and CA are left to the caller. Fails with
// kCredentialsRejected on a key id that cannot be a header's value. Pure.
Result<HttpRequest> BuildBalancesRequest(const BaseUrl& base_url, const Credentials& credentials,
                                         WallTime now);

}  // namespace balance::polymarket_us
