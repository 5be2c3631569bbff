#pragma once

// Seals and encodes what lies in Redis, and does the reverse.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "clients/redis/fleet_observer.h"
#include "clients/redis/reading_codec.h"
#include "clients/redis/redis_time.h"
#include "clients/redis/seal.h"

namespace balance {

// A value that could be used, and who has stored it.
struct OpenedValue {
  StoredValue value;
  StoredBy by;
};

// Used on its shard's thread only.
class ValueVault {
 public:
  // `observer` must outlive it.
  ValueVault(Seal seal, FleetObserver& observer) : seal_(std::move(seal)), observer_(observer) {}

  // What to store under the key `name`.
  std::string Close(std::string_view name, const StoredValue& value, const StoredBy& by) const;

  // The value that was stored so under the key `name`. It has to be of the time `observed` and, if
  // its writer tells, of the Redis `run_id`, where these are set. Unset, and reported to the
  // observer, if it cannot be used.
  std::optional<OpenedValue> Open(std::string_view name, std::string_view sealed,
                                  std::optional<RedisTime> observed,
                                  std::optional<std::string_view> run_id) const;

  // Tells the observer.
  void Report(StoredValueFault fault) const { observer_.OnBadValue(fault); }

 private:
  std::nullopt_t Bad(StoredValueFault fault) const;

  const Seal seal_;
  FleetObserver& observer_;
};

}  // namespace balance
