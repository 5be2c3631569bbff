#include "clients/polymarket_us/signed_headers.h"

#include <algorithm>
#include <chrono>

#include "clients/core/ascii.h"

namespace balance::polymarket_us {
namespace {

constexpr std::string_view kMethod = "GET";
constexpr std::string_view kSignature = "X-PM-Signature";

std::string TimestampOf(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  return std::to_string(std::chrono::floor<std::chrono::milliseconds>(since_epoch).count());
}

}  // namespace

Result<std::vector<HttpHeader>> SignedHeaders(const Credentials& credentials, std::string_view path,
                                              WallTime now) {
  if (!IsAsciiWord(credentials.key_id)) {
    return Fail(ErrorKind::kCredentialsRejected,
                "The key id of Polymarket US is empty or has characters that no key id has; store "
                "it exactly as the venue shows it.");
  }
  const std::string timestamp = TimestampOf(now);
  std::string signed_text = timestamp;
  signed_text.append(kMethod).append(path);
  std::vector<HttpHeader> headers;
  // Room for the headers that a request for balances adds, too.
  headers.reserve(5);
  headers.push_back({"X-PM-Access-Key", std::string(credentials.key_id)});
  headers.push_back({"X-PM-Timestamp", timestamp});
  headers.push_back({std::string(kSignature), credentials.key.Sign(signed_text)});
  return headers;
}

std::string SignatureOf(const std::vector<HttpHeader>& headers) {
  return std::find_if(headers.begin(), headers.end(),
                      [](const HttpHeader& header) { return header.name == kSignature; })
      ->value;
}

}  // namespace balance::polymarket_us
