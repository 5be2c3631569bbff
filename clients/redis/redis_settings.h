#pragma once

// Where Redis is and how to log in there. Plain values, as configured.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "clients/redis/stream_settings.h"

namespace balance {

struct RedisLogin {
  // Empty: Redis's default user.
  std::string username;
  // Null: no password, and then no login.
  std::shared_ptr<const Secret> password;
};

struct SentinelSettings {
  std::vector<HostPort> addresses;
  // Name by which the Sentinels know the primary.
  std::string primary;
  // Login at the Sentinels, which have users of their own.
  RedisLogin login = {};
};

struct RedisSettings {
  static constexpr Duration kOperationTimeout = std::chrono::milliseconds(50);

  // Address of the primary. Not used with `sentinel`.
  HostPort address;
  std::optional<SentinelSettings> sentinel = std::nullopt;
  RedisLogin login = {};
  // For Redis and the Sentinels alike.
  StreamTls tls = {};
  // An operation ends after this, done or not.
  Duration operation_timeout = kOperationTimeout;
  // For a connection: name resolution, TCP, TLS and the login together. No operation waits for it.
  Duration connect_timeout = std::chrono::seconds(1);
};

}  // namespace balance
