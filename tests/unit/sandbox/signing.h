#pragma once

// Polymarket US requests signed by hand, and calls as a venue sees them.

#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

// Seed 00..1f.
PolymarketKey VectorKey();

std::string UnixMilliseconds(WallTime time);

// The three headers for `method` and `path` at `timestamp`.
std::vector<Header> SignedHeaders(const PolymarketKey& key, const std::string& timestamp,
                                  const std::string& method, const std::string& path);

// A GET of `path` with these headers, the first request of its connection.
HttpCall Get(const std::string& path, std::vector<Header> headers = {});

// Value of the first header of that name, as written; "" if there is none.
std::string HeaderOf(const HttpReply& reply, const std::string& name);

}  // namespace balance::sandbox
