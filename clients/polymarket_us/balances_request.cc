#include "clients/polymarket_us/balances_request.h"

#include <utility>

#include "clients/http/cache_age.h"
#include "clients/polymarket_us/venue.h"

namespace balance::polymarket_us {

Result<HttpRequest> BuildBalancesRequest(const BaseUrl& base_url, const Credentials& credentials,
                                         WallTime now) {
  auto headers = SignedHeaders(credentials, kBalancesPath, now);
  if (!headers) return tl::unexpected<Error>(std::move(headers.error()));
  HttpRequest request;
  request.url = base_url.ToString().append(kBalancesPath);
  request.headers = *std::move(headers);
  request.headers.push_back({"Accept", "application/json"});
  request.headers.push_back(PastCaches());
  return request;
}

}  // namespace balance::polymarket_us
