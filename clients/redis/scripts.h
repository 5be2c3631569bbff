#pragma once

// The Lua scripts of scripts/, which run in Redis. FleetStore documents what they do.

#include <string_view>

namespace balance {

struct RedisScript {
  std::string_view text;
  // By which Redis knows a script that it has seen: its SHA-1 in hexadecimal.
  std::string_view digest;
};

const RedisScript& AcquireScript();
const RedisScript& StoreScript();
const RedisScript& RateScript();

}  // namespace balance
