#include "clients/polysimulator/socket_token.h"

#include <algorithm>
#include <string>
#include <utility>

#include "clients/json/parse_json.h"
#include "clients/polysimulator/balance_request.h"

namespace balance::polysimulator {
namespace {

constexpr std::size_t kLongestToken = std::size_t{8} * 1024;

// RFC 3986's unreserved characters, and all that a JWT consists of.
bool IsFitForAddress(std::string_view token) {
  return !token.empty() && token.size() <= kLongestToken &&
         std::all_of(token.begin(), token.end(), [](char c) {
           return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
                  c == '-' || c == '.' || c == '_' || c == '~';
         });
}

// Leaves no copy of a token behind.
void WipeTexts(JsonValue& document) {
  for (JsonMember& member : document.members) Wipe(member.value.text);
}

}  // namespace

Result<HttpRequest> BuildTokenRequest(const BaseUrl& base_url, const Secret& api_key) {
  auto request = BuildBalanceRequest(base_url, api_key);
  if (!request) return request;
  request->url = base_url.ToString().append(kTokenPath);
  request->method = HttpRequest::Method::kPost;
  request->headers.push_back({"Content-Type", "application/json"});
  return request;
}

Result<Secret> ParseToken(std::string_view body) {
  auto document = ParseJson(body);
  Result<Secret> token = Fail(ErrorKind::kReplyInvalid,
                              "PolySimulator gave no token for its WebSocket; it is asked again "
                              "later.");
  if (!document) return token;
  for (const std::string_view name : {"token", "ws_token", "access_token", "jwt"}) {
    const JsonValue* value = document->Find(name);
    if (!value || !value->IsString() || !IsFitForAddress(value->text)) continue;
    token = Secret(value->text);
    break;
  }
  WipeTexts(*document);
  return token;
}

}  // namespace balance::polysimulator
