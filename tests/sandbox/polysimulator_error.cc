#include "tests/sandbox/polysimulator_error.h"

#include "tests/sandbox/json_text.h"

namespace balance::sandbox {
namespace {

// The names of April 2026.
std::string AprilCode(const std::string& code) {
  if (code == "MISSING_AUTH") return "MISSING_API_KEY";
  if (code == "INVALID_KEY") return "INVALID_API_KEY";
  if (code == "INSUFFICIENT_PERMISSION") return "INSUFFICIENT_SCOPE";
  if (code == "RATE_LIMIT_EXCEEDED") return "RATE_LIMITED";
  return code;
}

std::string FastApiDetail(const PolysimulatorError& error, Envelope envelope) {
  if (envelope == Envelope::kFastApiObject) {
    JsonObject detail;
    detail.Text("code", error.code);
    detail.Text("message", error.message);
    return detail.Take();
  }
  if (envelope == Envelope::kFastApiList) {
    JsonObject item;
    item.Raw("loc", R"(["header","x-api-key"])");
    item.Text("msg", error.message);
    item.Text("type", "value_error");
    return JsonArray({item.Take()});
  }
  return Quoted(error.message);
}

std::string Body(const PolysimulatorError& error, Envelope envelope, bool verbose,
                 const std::string& request_id) {
  JsonObject body;
  if (error.code.empty()) envelope = Envelope::kDetailOnly;
  switch (envelope) {
    case Envelope::kHttpStatus:
      body.Text("error", "HTTP_" + std::to_string(error.status));
      body.Text("message", error.message);
      body.Text("request_id", request_id);
      break;
    case Envelope::kAprilCodes:
      body.Text("error", AprilCode(error.code));
      body.Text("message", error.message);
      body.Raw("details", "{}");
      break;
    case Envelope::kHumanText:
      body.Text("error", error.message);
      break;
    case Envelope::kPlain:
    case Envelope::kVerbose:
    case Envelope::kUpgrade:
      body.Text("error", error.code);
      body.Text("message", error.message);
      if (envelope == Envelope::kUpgrade) {
        body.Text("feature_key", "api_access");
        body.Text("upgrade_url", "/pricing");
      }
      if (verbose || envelope == Envelope::kVerbose) {
        body.Raw("details", "{}");
        body.Text("request_id", request_id);
      }
      break;
    case Envelope::kDetailOnly:
    case Envelope::kFastApiText:
    case Envelope::kFastApiList:
    case Envelope::kFastApiObject:
      body.Raw("detail", FastApiDetail(error, envelope));
      break;
  }
  return body.Take();
}

// X-Polysim-Code came in the middle of 2026.
bool HasCodeHeader(Envelope envelope) {
  return envelope == Envelope::kHumanText || envelope == Envelope::kPlain ||
         envelope == Envelope::kVerbose || envelope == Envelope::kUpgrade;
}

}  // namespace

HttpReply ErrorReply(const PolysimulatorError& error, const PolysimSwitches& switches, bool verbose,
                     const std::string& request_id) {
  HttpReply reply = JsonReply(error.status, Body(error, switches.envelope, verbose, request_id));
  if (!switches.code_header.empty()) {
    reply.headers.push_back({"X-Polysim-Code", switches.code_header});
  } else if (!error.code.empty() && HasCodeHeader(switches.envelope)) {
    reply.headers.push_back({"X-Polysim-Code", error.code});
  }
  if (error.retry_after > 0) {
    reply.headers.push_back({"Retry-After", std::to_string(error.retry_after)});
  }
  return reply;
}

}  // namespace balance::sandbox
