#include "clients/polysimulator/classify_failure.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "clients/core/ascii.h"
#include "clients/polysimulator/error_code.h"
#include "clients/polysimulator/venue.h"
#include "clients/venue/http_failure.h"

namespace balance::polysimulator {
namespace {

constexpr Verdict kKeyRejected = {ErrorKind::kCredentialsRejected, "rejects our key",
                                  "check api_key, and that the key still exists and is active"};
constexpr Verdict kKeyNotSeen = {ErrorKind::kCredentialsRejected, "saw no key in our request",
                                 "check that no proxy on the way drops the X-API-Key header"};
constexpr Verdict kNoAccount = {ErrorKind::kAccountMissing, "has no account for this key",
                                "open the API wallet at the venue, or use another key"};
constexpr Verdict kNoBackend = {ErrorKind::kUpstreamError, "cannot be reached behind its edge",
                                "it is asked again later; check base_url if this lasts"};

struct Refinement {
  int status;
  std::string_view code;
  std::string_view what;
  std::string_view remedy;
};

constexpr std::string_view kNewKey = "create a new key at the venue and store it as api_key";
constexpr std::string_view kUpgrade = "choose a plan at the venue that includes the API";

constexpr std::array<Refinement, 12> kRefinements = {{
    {401, "KEY_EXPIRED", "says that our key has expired", kNewKey},
    {401, "KEY_DEACTIVATED", "says that our key was deactivated", kNewKey},
    {401, "KEY_OWNER_NOT_FOUND", "knows no owner of our key", kNewKey},
    {401, "USER_NOT_FOUND", "knows no owner of our key", kNewKey},
    {401, "MISSING_AUTH", kKeyNotSeen.what, kKeyNotSeen.remedy},
    {401, "MISSING_API_KEY", kKeyNotSeen.what, kKeyNotSeen.remedy},
    {402, "UPGRADE_REQUIRED", "asks for a paid plan", kUpgrade},
    {403, "TIER_REQUIRES_UPGRADE", "asks for a higher plan", kUpgrade},
    {403, "INSUFFICIENT_PERMISSION", "says that our key may not read", kNewKey},
    {403, "INSUFFICIENT_SCOPE", "says that our key may not read", kNewKey},
    {403, "CLOSED_BETA", "admits members of its beta only", "ask the venue for access"},
    {403, "API_PRO_COMING_SOON", "does not offer the API to this plan yet", kUpgrade},
}};

// The oldest API's answer to a request without the key: FastAPI's complaint about a missing header,
// `{"detail": [{"loc": ["header", "X-API-Key"], ...}]}`.
bool MissesKeyHeader(const JsonValue* body) {
  const JsonValue* detail = body == nullptr ? nullptr : body->Find("detail");
  if (detail == nullptr) return false;
  return std::any_of(detail->elements.begin(), detail->elements.end(), [](const JsonValue& issue) {
    const JsonValue* place = issue.Find("loc");
    return place != nullptr && place->elements.size() == 2 &&
           ToAsciiLower(place->elements[0].text) == "header" &&
           ToAsciiLower(place->elements[1].text) == "x-api-key";
  });
}

Verdict JudgeByStatus(int status, std::string_view code, const JsonValue* body) {
  switch (status) {
    case 401:
      return kKeyRejected;
    case 402:
    case 403:
      return JudgeForbidden(!code.empty() || body != nullptr);
    case 404:
      return code.empty() ? kNoBackend : kNoAccount;
    case 422:
      return MissesKeyHeader(body) ? kKeyNotSeen : JudgeStatus(status);
    default:
      return JudgeStatus(status);
  }
}

}  // namespace

Error ClassifyFailure(const HttpResponse& response, std::span<const std::string_view> secrets) {
  const std::optional<JsonValue> parsed = ParseErrorBody(response);
  const JsonValue* body = parsed ? &*parsed : nullptr;
  const std::string code = FindErrorCode(response, body);
  Verdict verdict = JudgeByStatus(response.status, code, body);
  const auto refined =
      std::find_if(kRefinements.begin(), kRefinements.end(), [&](const Refinement& refinement) {
        return refinement.status == response.status && refinement.code == code;
      });
  if (refined != kRefinements.end()) {
    verdict.what = refined->what;
    verdict.remedy = refined->remedy;
  }
  return MakeFailure(kName, verdict, response, secrets);
}

}  // namespace balance::polysimulator
