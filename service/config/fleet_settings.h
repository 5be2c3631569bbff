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
// nothing but user names, passwords and sealing keys.
bool CanTakeOver(const std::optional<FleetConfig>& running,
                 const std::optional<FleetConfig>& fresh);

// `running` with what a server takes over of `fresh` without a restart, whatever else awaits one:
// the sealing keys, and the user names and passwords unless they are those of another Redis.
FleetConfig Renewed(FleetConfig running, const FleetConfig& fresh);

}  // namespace balance
