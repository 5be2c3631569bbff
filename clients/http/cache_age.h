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

// Time between the upstream's giving the answer to a cache and our request, from the Age headers
// (RFC 9111, 5.1): the greatest of them, zero if there is none. nullopt if an Age is no number of
// seconds: then a cache gave the answer, and its age is not known. Pure.
std::optional<Duration> CacheAge(const HttpResponse& response);

// The header of a request that asks caches on the way to pass it on and to keep nothing.
HttpHeader PastCaches();

// True if a cache gave the answer, which an Age other than 0 shows. Such an answer was made for
// another request, so it says nothing about ours, such as the rate that is left.
bool IsOutOfCache(const HttpResponse& response);

}  // namespace balance
