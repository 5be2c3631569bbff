#pragma once

// A JSON document as a small tree in which a number is still the text that was received: money can
// be made from it without ever having been a double.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace balance {

struct JsonMember;

// A value type, built by ParseJson() and then only read.
struct JsonValue {
  enum class Type : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

  Type type = Type::kNull;
  bool boolean = false;
  // Text of a kNumber as received, but "0" for "-0"; of a kString decoded, as valid UTF-8.
  std::string text;
  // Elements of a kArray.
  std::vector<JsonValue> elements;
  // Members of a kObject, in the order received and with repeated names.
  std::vector<JsonMember> members;

  bool IsNull() const { return type == Type::kNull; }
  bool IsString() const { return type == Type::kString; }
  bool IsArray() const { return type == Type::kArray; }
  bool IsObject() const { return type == Type::kObject; }

  // The first member of that name; null if there is none or this is no object.
  const JsonValue* Find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

}  // namespace balance
