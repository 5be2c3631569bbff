#pragma once

// The token that opens one WebSocket: asked for with the API key, good for a minute and for one
// socket. It stands in an address, so it is a secret wherever an address may be read.

#include <string_view>

#include "clients/core/result.h"
#include "clients/core/secret.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"

namespace balance::polysimulator {

// Path of the request for a token, appended to a base URL that went through
// NormalizePolySimulatorUrl().
inline constexpr std::string_view kTokenPath = "/v1/keys/ws-token";

// Builds the request for a token. `base_url`, timeout, CA and failures are as with
// BuildBalanceRequest(). Pure.
Result<HttpRequest> BuildTokenRequest(const BaseUrl& base_url, const Secret& api_key);

// The token in the body of a 200, under any of the names that the venue's SDK looks for. Fails with
// kReplyInvalid if there is none, or one that an address cannot hold as it is. Never throws on
// account of `body`. REQUIRES: sodium_init() has succeeded.
Result<Secret> ParseToken(std::string_view body);

}  // namespace balance::polysimulator
