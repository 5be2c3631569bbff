#include "clients/polymarket_us/balances_request.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "clients/core/ascii.h"
#include "clients/http/cache_age.h"
#include "clients/polymarket_us/venue.h"

namespace balance::polymarket_us {
namespace {

constexpr std::string_view kMethod = "GET";
constexpr std::string_view kSignature = "X-PM-Signature";

std::string TimestampOf(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  return std::to_string(std::chrono::floor<std::chrono::milliseconds>(since_epoch).count());
}

}  // namespace

Result<HttpRequest> BuildBalancesRequest(const BaseUrl& base_url, const Credentials& credentials,
                                         WallTime now) {
  if (!IsAsciiWord(credentials.key_id)) {
    return Fail(ErrorKind::kCredentialsRejected,
                "The key id of Polymarket US is empty or has characters that no key id has; store "
                "it exactly as the venue shows it.");
  }
  const std::string timestamp = TimestampOf(now);
  std::string signed_text = timestamp;
  signed_text.append(kMethod).append(kBalancesPath);

  HttpRequest request;
  request.url = base_url.ToString().append(kBalancesPath);
  request.headers.reserve(5);
  request.headers.push_back({"X-PM-Access-Key", credentials.key_id});
  request.headers.push_back({"X-PM-Timestamp", timestamp});
  request.headers.push_back({std::string(kSignature), credentials.key.Sign(signed_text)});
  request.headers.push_back({"Accept", "application/json"});
  request.headers.push_back(PastCaches());
  return request;
}

std::string SignatureOf(const HttpRequest& request) {
  return std::find_if(request.headers.begin(), request.headers.end(),
                      [](const HttpHeader& header) { return header.name == kSignature; })
      ->value;
}

}  // namespace balance::polymarket_us
