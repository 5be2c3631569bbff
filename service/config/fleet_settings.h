#pragma once

// What follows from the settings of a fleet. Pure.

#include <optional>
#include <string>

#include "clients/redis/redis_settings.h"
#include "service/config/config.h"

namespace balance {

// As it is configured: host:port, an IPv6 address in brackets.
std::string AddressText(const HostPort& address);

// Whether the login may cross a network as plaintext. Sentinels may name a primary anywhere.
bool IsPlaintextOffLoopback(const RedisSettings& redis);

// Whether a server that runs with `running` can take over `fresh` without a restart: they differ in
// nothing but user names, passwords and sealing keys. Else all of `running` stays in force.
bool CanTakeOver(const std::optional<FleetConfig>& running,
                 const std::optional<FleetConfig>& fresh);

}  // namespace balance
