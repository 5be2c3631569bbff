#pragma once

// The Lua scripts of scripts/, which run in Redis. FleetStore documents what they do but for the
// last.

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
// Of RedisLink, not of FleetStore.
const RedisScript& DoubtScript();

}  // namespace balance
