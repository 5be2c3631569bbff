#pragma once

// Turns an answer other than a 200 into an Error. The status decides; the venue's code only makes
// the text more precise, and tells a missing account from an edge that has lost its backend.

#include <span>
#include <string_view>

#include "clients/core/error.h"
#include "clients/http/http_transport.h"

namespace balance::polysimulator {

// REQUIRES: response.status != 200.
//
// Accepts all generations of the venue's error envelope and bodies that are none. `secrets` are
// masked in the log's detail. Pure; never throws on account of the response.
Error ClassifyFailure(const HttpResponse& response, std::span<const std::string_view> secrets);

}  // namespace balance::polysimulator
