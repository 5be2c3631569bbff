#include "clients/polysimulator/balance_request.h"

#include <string>

#include "clients/core/ascii.h"
#include "clients/http/cache_age.h"
#include "clients/polysimulator/venue.h"

namespace balance::polysimulator {

Result<HttpRequest> BuildBalanceRequest(const BaseUrl& base_url, const Secret& api_key) {
  if (!IsAsciiWord(api_key.Expose())) {
    return Fail(ErrorKind::kCredentialsRejected,
                "The API key of PolySimulator is empty or has characters that no key has; store it "
                "exactly as the venue shows it.");
  }
  HttpRequest request;
  request.url = base_url.ToString().append(kBalancePath);
  request.headers.reserve(3);
  request.headers.push_back({"X-API-Key", std::string(api_key.Expose())});
  request.headers.push_back({"Accept", "application/json"});
  request.headers.push_back(PastCaches());
  return request;
}

}  // namespace balance::polysimulator
