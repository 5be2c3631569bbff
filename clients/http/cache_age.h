#pragma once

// Caches on the way to an upstream: they are asked to keep out, and one that answers all the same
// says how old its answer is.

#include <chrono>
#include <cstdint>
#include <optional>

#include "clients/core/clock.h"
#include "clients/http/http_transport.h"

namespace balance {

// The longest age that is told apart; a cache counts more as this (RFC 9111, 1.2.2).
inline constexpr Duration kLongestCacheAge = std::chrono::seconds(std::int64_t{1} << 31);

// How long before the request the upstream gave this answer, by its Age (RFC 9111, 5.1): zero
// without one, or if all are 0. Of several the greatest. nullopt: there is one, so a cache gave the
// answer, but it is no number of seconds and the age is not known. Pure.
std::optional<Duration> CacheAge(const HttpResponse& response);

// The header of a request that asks caches on the way to pass it on and to keep nothing.
HttpHeader PastCaches();

// Whether a cache gave the answer, however old it is: what it says was said to another request.
bool IsOutOfCache(const HttpResponse& response);

}  // namespace balance
