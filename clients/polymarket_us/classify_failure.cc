#include "clients/polymarket_us/classify_failure.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "clients/core/ascii.h"
#include "clients/http/cache_age.h"
#include "clients/http/retry_after.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/http_failure.h"

namespace balance::polymarket_us {
namespace {

constexpr Verdict kClockOff = {
    ErrorKind::kClockSkew, "rejects the time of our request",
    "set this machine's clock, which must be within 30 s of the venue's"};
constexpr Verdict kKeyRejected = {ErrorKind::kCredentialsRejected, "rejects our key",
                                  "check key_id and secret_key, and that the key still exists"};
constexpr Verdict kNoAccount = {ErrorKind::kAccountMissing, "knows no such account or route",
                                "check that the key's account is open, and base_url"};
constexpr Verdict kNoRoute = {ErrorKind::kUpstreamError, "does not serve balances at this address",
                              "it is asked again later; check base_url if this lasts"};

// Adds the texts for people in the JSON `value`: its own, or those of its elements or members.
void AddTexts(const JsonValue& value, std::string& texts) {
  texts.append(value.IsString() ? value.text : "").append(" ");
  for (const JsonValue& element : value.elements) AddTexts(element, texts);
  for (const std::string_view name : {"message", "error", "detail"}) {
    if (const JsonValue* member = value.Find(name)) AddTexts(*member, texts);
  }
}

// Text of the answer for people. Of a JSON object it is the texts alone, without names of members
// and times.
std::string Complaint(const HttpResponse& response) {
  const auto body = ParseErrorBody(response);
  if (!body) return response.body.substr(0, kMaxErrorBody);
  std::string texts;
  AddTexts(*body, texts);
  return texts;
}

bool SpeaksOfTime(const HttpResponse& response) {
  std::string text = ToAsciiLower(Complaint(response));
  // The header's name alone is no complaint.
  constexpr std::string_view kHeader = "x-pm-timestamp";
  for (auto at = text.find(kHeader); at != std::string::npos; at = text.find(kHeader, at)) {
    text.replace(at, kHeader.size(), 1, ' ');
  }
  constexpr std::array<std::string_view, 5> kComplaints = {
      "timestamp", "clock", "expired signature", "signature expired", "signature has expired"};
  return std::any_of(kComplaints.begin(), kComplaints.end(), [&](std::string_view complaint) {
    return text.find(complaint) != std::string::npos;
  });
}

bool DateIsFarOff(const HttpResponse& response, WallTime sent, WallTime received) {
  // An answer from a cache has the date of another exchange.
  if (IsOutOfCache(response)) return false;
  const std::optional<WallTime> date = ParseHttpDate(response.Header("Date"));
  if (!date) return false;
  // A Date is cut to the second.
  const WallTime date_end = *date + std::chrono::seconds(1);
  return date_end < sent - kClockTolerance || *date > received + kClockTolerance;
}

// True if the answer is the gRPC gateway's own, `{"code": <number>, ...}`.
bool HasGatewayCode(const HttpResponse& response) {
  const auto body = ParseErrorBody(response);
  const JsonValue* code = body ? body->Find("code") : nullptr;
  return code != nullptr && code->type == JsonValue::Type::kNumber;
}

Verdict Judge(const HttpResponse& response, WallTime sent, WallTime received) {
  switch (response.status) {
    case 401:
      return SpeaksOfTime(response) || DateIsFarOff(response, sent, received) ? kClockOff
                                                                              : kKeyRejected;
    case 402:
    case 403:
      return JudgeForbidden(ParseErrorBody(response).has_value());
    case 404:
      return HasGatewayCode(response) ? kNoAccount : kNoRoute;
    default:
      return JudgeStatus(response.status);
  }
}

}  // namespace

Error ClassifyFailure(const HttpResponse& response, WallTime sent, WallTime received,
                      std::span<const std::string_view> secrets) {
  return MakeFailure(kName, Judge(response, sent, received), response, secrets);
}

}  // namespace balance::polymarket_us
