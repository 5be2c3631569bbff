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
  // kNumber: as received, but "-0" is "0". kString: decoded, valid UTF-8.
  std::string text;
  // kArray.
  std::vector<JsonValue> elements;
  // kObject: in the order received, repeated names included.
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
