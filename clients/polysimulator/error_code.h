#pragma once

// The venue's code for what went wrong, out of an error envelope of any generation.

#include <cstddef>
#include <string>

#include "clients/http/http_transport.h"
#include "clients/json/json_value.h"

namespace balance::polysimulator {

// Longest code; a longer text is none.
inline constexpr std::size_t kMaxErrorCode = 64;

// Looks in this order: the header X-Polysim-Code; in `body` the field `code`, then `error` if it
// looks like a code (early envelopes have prose there); of objects in those places and in `detail`
// their own `code` and `error`. HTTP_<digits>, as in the earliest envelopes, is no code anywhere.
// `body` is null if it is no JSON object. Empty if there is no code.
// Upstream text: to be compared, never to be shown. Pure.
std::string FindErrorCode(const HttpResponse& response, const JsonValue* body);

}  // namespace balance::polysimulator
