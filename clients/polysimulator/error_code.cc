#include "clients/polysimulator/error_code.h"

#include <algorithm>
#include <string_view>

#include "clients/core/ascii.h"

namespace balance::polysimulator {
namespace {

// HTTP_<digits>, as the earliest envelopes have it where later ones have a code.
bool RepeatsStatus(std::string_view text) {
  constexpr std::string_view kPrefix = "HTTP_";
  return text.starts_with(kPrefix) && IsAsciiNumber(text.substr(kPrefix.size()));
}

// True if the text has the form [A-Z][A-Z0-9_]* and is not HTTP_<digits>.
bool LooksLikeCode(std::string_view text) {
  return !text.empty() && IsAsciiUpper(text.front()) && text.size() <= kMaxErrorCode &&
         !RepeatsStatus(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsAsciiUpper(c) || IsAsciiDigit(c) || c == '_';
         });
}

std::string CodeIn(const JsonValue& object) {
  for (const std::string_view name : {"code", "error"}) {
    const JsonValue* value = object.Find(name);
    if (value != nullptr && value->IsString() && LooksLikeCode(value->text)) return value->text;
  }
  return {};
}

}  // namespace

std::string FindErrorCode(const HttpResponse& response, const JsonValue* body) {
  const std::string_view header = response.Header("X-Polysim-Code");
  if (!header.empty() && header.size() <= kMaxErrorCode && !RepeatsStatus(header)) {
    return std::string(header);
  }
  if (body == nullptr) return {};
  std::string code = CodeIn(*body);
  for (const std::string_view name : {"code", "error", "detail"}) {
    if (!code.empty()) break;
    if (const JsonValue* inner = body->Find(name)) code = CodeIn(*inner);
  }
  return code;
}

}  // namespace balance::polysimulator
