#include "clients/polysimulator/error_code.h"

#include <algorithm>
#include <string_view>

namespace balance::polysimulator {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// [A-Z][A-Z0-9_]*
bool LooksLikeCode(std::string_view text) {
  return !text.empty() && IsUpper(text.front()) && text.size() <= kMaxErrorCode &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsUpper(c) || (c >= '0' && c <= '9') || c == '_'; });
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
  if (!header.empty() && header.size() <= kMaxErrorCode) return std::string(header);
  if (body == nullptr) return {};
  std::string code = CodeIn(*body);
  for (const std::string_view name : {"code", "error", "detail"}) {
    if (!code.empty()) break;
    if (const JsonValue* inner = body->Find(name)) code = CodeIn(*inner);
  }
  return code;
}

}  // namespace balance::polysimulator
