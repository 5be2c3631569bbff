#include "clients/polysimulator/error_code.h"

#include <algorithm>
#include <string_view>

namespace balance::polysimulator {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// HTTP_<digits>, as the earliest envelopes have it where later ones have a code.
bool RepeatsStatus(std::string_view text) {
  constexpr std::string_view kPrefix = "HTTP_";
  return text.size() > kPrefix.size() && text.starts_with(kPrefix) &&
         text.find_first_not_of("0123456789", kPrefix.size()) == std::string_view::npos;
}

// [A-Z][A-Z0-9_]*
bool LooksLikeCode(std::string_view text) {
  return !text.empty() && IsUpper(text.front()) && text.size() <= kMaxErrorCode &&
         !RepeatsStatus(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsUpper(c) || (c >= '0' && c <= '9') || c == '_';
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
