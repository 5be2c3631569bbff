#include "clients/venue/reply_document.h"

#include "clients/http/scrub.h"
#include "clients/json/parse_json.h"

namespace balance {
namespace {

// The depth of a document is bounded by ParseJson().
void MaskSecrets(JsonValue& value, std::span<const std::string_view> secrets) {
  if (HoldsSecret(value.text, secrets)) {
    value.type = JsonValue::Type::kString;
    value.text = kSecretMask;
  }
  for (JsonValue& element : value.elements) MaskSecrets(element, secrets);
  for (JsonMember& member : value.members) {
    if (HoldsSecret(member.name, secrets)) member.name = kSecretMask;
    MaskSecrets(member.value, secrets);
  }
}

}  // namespace

std::optional<JsonValue> ReadReply(std::string_view body,
                                   std::span<const std::string_view> secrets) {
  std::optional<JsonValue> reply = ParseJson(body);
  if (!reply || !reply->IsObject()) return std::nullopt;
  MaskSecrets(*reply, secrets);
  return reply;
}

}  // namespace balance
