#pragma once

// One reply of Redis, as a plain value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace balance {

struct RedisReply {
  enum class Type : std::uint8_t { kNil, kText, kStatus, kError, kInteger, kArray };

  Type type = Type::kNil;
  std::int64_t integer = 0;
  // Of kText, kStatus and kError.
  std::string text;
  std::vector<RedisReply> elements;

  bool IsError() const { return type == Type::kError; }
  // The bytes of a kText or kStatus; unset for other types.
  std::optional<std::string_view> AsText() const {
    if (type != Type::kText && type != Type::kStatus) return std::nullopt;
    return text;
  }
  std::optional<std::int64_t> AsInteger() const {
    if (type != Type::kInteger) return std::nullopt;
    return integer;
  }
};

}  // namespace balance
