#include "service/config/fleet_settings.h"

#include "service/config/listen_address.h"

namespace balance {
namespace {

bool HaveSameSentinels(const std::optional<SentinelSettings>& a,
                       const std::optional<SentinelSettings>& b) {
  if (!a || !b) return !a && !b;
  return a->addresses == b->addresses && a->primary == b->primary;
}

bool HaveSamePlace(const RedisSettings& a, const RedisSettings& b) {
  return a.address == b.address && HaveSameSentinels(a.sentinel, b.sentinel) && a.tls == b.tls;
}

}  // namespace

std::string AddressText(const HostPort& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool IsPlaintextOffLoopback(const RedisSettings& redis) {
  if (redis.tls.is_on) return false;
  return redis.sentinel || !ListenAddress{redis.address.host, redis.address.port}.IsLoopback();
}

bool CanTakeOver(const std::optional<FleetConfig>& running,
                 const std::optional<FleetConfig>& fresh) {
  if (!running || !fresh) return !running && !fresh;
  return HaveSamePlace(running->redis, fresh->redis) &&
         running->redis.operation_timeout == fresh->redis.operation_timeout &&
         running->max_replicas == fresh->max_replicas && running->reserve == fresh->reserve;
}

FleetConfig Renewed(FleetConfig running, const FleetConfig& fresh) {
  running.sealing_key = fresh.sealing_key;
  running.previous_sealing_key = fresh.previous_sealing_key;
  if (!HaveSamePlace(running.redis, fresh.redis)) return running;
  running.redis.login = fresh.redis.login;
  if (running.redis.sentinel) running.redis.sentinel->login = fresh.redis.sentinel->login;
  return running;
}

}  // namespace balance
