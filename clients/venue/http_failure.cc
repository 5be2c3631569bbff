#include "clients/venue/http_failure.h"

#include <string>

#include "clients/http/cache_age.h"
#include "clients/http/retry_after.h"
#include "clients/http/scrub.h"
#include "clients/json/parse_json.h"

namespace balance {
namespace {

constexpr Verdict kNotABalance = {ErrorKind::kReplyInvalid,
                                  "answered with a success that holds no balance",
                                  "check base_url and any proxy on the way"};
constexpr Verdict kRedirect = {ErrorKind::kUpstreamError, "answered with a redirect",
                               "it is not followed: set base_url to the API's own address"};
constexpr Verdict kBusy = {ErrorKind::kUpstreamError, "cannot answer now",
                           "it is asked again later"};
constexpr Verdict kTooMany = {
    ErrorKind::kRateLimited, "limits the rate of requests",
    "it is left alone for a while; lower requests_per_second if this lasts"};
constexpr Verdict kRefused = {ErrorKind::kUpstreamError, "refused the request",
                              "check base_url, and whether the API has changed"};
constexpr Verdict kBroken = {ErrorKind::kUpstreamError, "has trouble of its own",
                             "it is asked again later; see the venue's status page if this lasts"};

// Retry-After, less the time that the answer has been in a cache: nothing is known to be left of it
// if that time is not known.
std::optional<Duration> RetryAfterNow(const HttpResponse& response) {
  const std::optional<Duration> retry_after = ParseRetryAfter(response);
  if (!retry_after || !IsOutOfCache(response)) return retry_after;
  const Duration left = *retry_after - CacheAge(response).value_or(kLongestCacheAge);
  if (left <= Duration::zero()) return std::nullopt;
  return left;
}

bool IsPassing(int status) {
  return status == 408 || status == 409 || status == 425 || status >= 500;
}

}  // namespace

Verdict JudgeStatus(int status) {
  switch (status) {
    case 408:
    case 409:
    case 425:
      return kBusy;
    case 429:
      return kTooMany;
    default:
      break;
  }
  if (status >= 500) return kBroken;
  if (status >= 400) return kRefused;
  if (status >= 300) return kRedirect;
  if (status >= 200) return kNotABalance;
  return kBroken;
}

Verdict JudgeForbidden(bool explained) {
  if (explained) {
    return {ErrorKind::kForbidden, "refuses this key the permission",
            "check the key's permissions and the state of the venue account"};
  }
  return {
      ErrorKind::kForbidden, "blocked the request at its edge",
      "check the egress address, the User-Agent and any proxy on the way; the key is not at fault"};
}

std::optional<JsonValue> ParseErrorBody(const HttpResponse& response) {
  if (response.body.size() > kMaxErrorBody) return std::nullopt;
  std::optional<JsonValue> body = ParseJson(response.body);
  if (body && !body->IsObject()) body.reset();
  return body;
}

Error MakeFailure(std::string_view venue, const Verdict& verdict, const HttpResponse& response,
                  std::span<const std::string_view> secrets) {
  const bool is_old = IsOutOfCache(response);
  Error error;
  // A refusal that was the answer to another request does not condemn this one's key.
  error.kind = is_old && !TraitsOf(verdict.kind).heals ? ErrorKind::kUpstreamError : verdict.kind;
  error.message.append(venue).append(" ").append(verdict.what);
  error.message.append(" (HTTP ").append(std::to_string(response.status));
  error.is_out_of_cache = is_old;
  error.message.append(is_old ? ", out of a cache on the way); " : "); ");
  error.message.append(verdict.remedy).append(".");
  if (response.status == 429 || response.status == 503) {
    error.retry_after = RetryAfterNow(response);
  }
  error.log_detail = ScrubForLog(response.body, secrets);
  error.is_transient = verdict.kind == ErrorKind::kUpstreamError && IsPassing(response.status);
  return error;
}

}  // namespace balance
