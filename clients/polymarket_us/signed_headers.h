#pragma once

// The three headers by which Polymarket US knows who asks.

#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/http/http_transport.h"
#include "clients/polymarket_us/signing_key.h"

namespace balance::polymarket_us {

// One login, which must outlive this.
struct Credentials {
  std::string_view key_id;
  const SigningKey& key;
};

// The headers of a GET of `path`, which has no prefix, sent at `now`. The venue refuses a timestamp
// 30 s from its own clock, so headers are never kept or sent twice. Fails with kCredentialsRejected
// on a key id that cannot be a header's value. Pure.
Result<std::vector<HttpHeader>> SignedHeaders(const Credentials& credentials, std::string_view path,
                                              WallTime now);

// The signature among `headers`: together with the key id and the time that stand beside it, it
// lets whoever reads it ask for the same for as long as the venue accepts that time.
// REQUIRES: `headers` hold those of SignedHeaders().
std::string SignatureOf(const std::vector<HttpHeader>& headers);

}  // namespace balance::polymarket_us
