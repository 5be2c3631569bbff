#pragma once

// The request for an API wallet's balance.

#include "clients/core/result.h"
#include "clients/core/secret.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"

namespace balance::polysimulator {

// The key goes into X-API-Key, which the venue prefers over its other headers. `base_url` comes
// from NormalizePolySimulatorUrl(). Timeout and CA are left to the caller. Fails with
// kCredentialsRejected on a key that cannot be a header's value. Pure.
Result<HttpRequest> BuildBalanceRequest(const BaseUrl& base_url, const Secret& api_key);

}  // namespace balance::polysimulator
