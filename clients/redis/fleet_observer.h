#pragma once

// The port through which metrics and the log learn what becomes of a FleetStore in Redis.

#include <array>
#include <cstdint>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/redis/fleet_store.h"

namespace balance {

// The operations of a FleetStore.
enum class FleetOperation : std::uint8_t { kAcquire, kStore, kRelease, kRate };

// Name of each of them for metrics, indexed by it.
inline constexpr std::array<std::string_view, 4> kFleetOperationNames = {"ACQUIRE", "STORE",
                                                                         "RELEASE", "RATE"};

// The ways in which each of them ends well.
inline constexpr std::array<std::string_view, 6> kAcquireOutcomes = {
    "READING", "FAILURE", "GRANTED", "LEASE_BUSY", "OUT_OF_TURN", "HELD_OFF"};
inline constexpr std::array<std::string_view, 4> kStoreOutcomes = {"KEPT", "OLDER", "AHEAD",
                                                                   "TOO_LARGE"};
inline constexpr std::string_view kOtherOutcome = "DONE";

// Told on the shard's thread.
class FleetObserver {
 public:
  virtual ~FleetObserver() = default;

  // A value in Redis cannot be used: somebody has changed it, or the replicas have different keys
  // or releases.
  virtual void OnBadValue(StoredValueFault /*fault*/) {}

  // An operation has ended: `outcome` is one of the outcomes above or, if it failed, one of
  // kRedisErrorNames.
  virtual void OnOperation(FleetOperation /*operation*/, std::string_view /*outcome*/) {}

  // Redis's clock was set, or another Redis is used now that has another time: by so much at least,
  // which is RedisClock::kNotableStep or more; back if it is negative. What lies in a Redis that
  // was set back counts as missing, for all replicas, until its clock has passed where it was.
  virtual void OnClockSet(Duration /*by*/) {}
};

}  // namespace balance
