#include "clients/json/json_value.h"

namespace balance {

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

}  // namespace balance
