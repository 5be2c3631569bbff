// An HTTP answer other than a 200, to both venues: a line with the status, header lines, an empty
// line, the body.

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "clients/http/retry_after.h"
#include "clients/http/scrub.h"
#include "clients/polymarket_us/classify_failure.h"
#include "clients/polysimulator/classify_failure.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

constexpr std::string_view kApiKey = "ps_live_00112233445566778899aabbccddeeff";
constexpr std::string_view kShortSecret = "hunter2-Key";
constexpr std::array<std::string_view, 2> kSecrets = {kApiKey, kShortSecret};

HttpResponse ToResponse(std::string_view text) {
  HttpResponse response;
  const std::string_view status = TakeLine(text);
  std::from_chars(status.data(), status.data() + status.size(), response.status);
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (line.empty()) break;
    const auto colon = std::min(line.find(':'), line.size());
    response.headers.push_back({std::string(line.substr(0, colon)),
                                std::string(line.substr(std::min(colon + 1, line.size())))});
  }
  response.body = text;
  return response;
}

// The message without the status, which is a number of the answer's.
std::string WithoutStatus(std::string message, int status) {
  // A remark may follow in the parentheses, as that a cache has answered.
  const std::string shown = "(HTTP " + std::to_string(status);
  const auto at = message.find(shown);
  Require(at != std::string::npos, "a message tells the status");
  Require(message.size() > at + shown.size() &&
              (message[at + shown.size()] == ')' || message[at + shown.size()] == ','),
          "nothing else begins with the status");
  return message.erase(at, shown.size());
}

bool IsUpstreamsFault(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUpstreamError:
    case ErrorKind::kReplyInvalid:
    case ErrorKind::kRateLimited:
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kClockSkew:
    case ErrorKind::kForbidden:
    case ErrorKind::kAccountMissing:
      return true;
    default:
      return false;
  }
}

void CheckError(const Error& error, const HttpResponse& response, LiteralMessages& messages) {
  messages.Check(WithoutStatus(error.message, response.status));
  Require(IsUpstreamsFault(error.kind), "the kind is one of an answer");
  Require((error.kind == ErrorKind::kRateLimited) == (response.status == 429),
          "429 alone limits the rate");
  Require(IsPrintableAscii(error.log_detail), "the log's detail is printable");
  Require(error.log_detail.size() <= kMaxLogText + 3, "the log's detail is bounded");
  for (const std::string_view secret : kSecrets) {
    Require(error.log_detail.find(secret) == std::string::npos, "no secret is logged");
  }
  if (!error.retry_after) return;
  Require(response.status == 429 || response.status == 503,
          "only a busy upstream asks for a pause");
  Require(*error.retry_after >= Duration::zero() && *error.retry_after <= kMaxRetryAfter,
          "a pause is within bounds");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  static fuzz::LiteralMessages polymarket_messages;
  static fuzz::LiteralMessages polysimulator_messages;
  // Sun, 20 Sep 2026 12:00:00 GMT
  constexpr WallTime kSent(std::chrono::seconds(1'789'905'600));
  constexpr WallTime kReceived = kSent + std::chrono::milliseconds(250);

  const HttpResponse response = fuzz::ToResponse(fuzz::AsText(data, size));
  if (response.status == 200) return 0;
  fuzz::CheckError(polymarket_us::ClassifyFailure(response, kSent, kReceived, fuzz::kSecrets),
                   response, polymarket_messages);
  fuzz::CheckError(polysimulator::ClassifyFailure(response, fuzz::kSecrets), response,
                   polysimulator_messages);
  for (const HttpHeader& header : response.headers) {
    const std::string id = CleanRequestId(header.value);
    fuzz::Require(fuzz::IsPrintableAscii(id) && id.size() <= kMaxRequestId,
                  "a request id is printable and bounded");
  }
  return 0;
}
