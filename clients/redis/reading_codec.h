#pragma once

// The stored form of what one upstream request brought: balance.store.v1 as bytes, to be sealed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "clients/core/error.h"
#include "clients/core/reading.h"
#include "clients/redis/redis_time.h"

namespace balance {

// Version of the schema. It is part of every key's name, so releases that speak different versions
// share nothing.
inline constexpr std::uint32_t kStoreSchemaVersion = 1;

// A reading whose times are on Redis's clock.
struct StoredReading {
  // When the request was sent, or the age of a cache's answer earlier.
  RedisTime observed;
  RedisTime received;
  // Complete but for `observe_steady`, which each replica has of its own. `observe_time` and
  // `receive_time` are the two times above for people, the origin is kSharedCache.
  Reading reading;
};

// Failure of an upstream request whose times are on Redis's clock.
struct StoredFailure {
  // When the request was sent.
  RedisTime observed;
  // Without `retry_after`.
  Error error;
  // When the pause ends that the upstream asked for.
  std::optional<RedisTime> retry_at;
};

using StoredValue = std::variant<StoredReading, StoredFailure>;

// When the request of either was sent.
RedisTime ObservedOf(const StoredValue& value);

// Who has stored a value. Texts are empty if the release that did so does not tell.
struct StoredBy {
  // AcquireRequest::owner of the source that sent the request.
  std::string owner;
  // True if the request was sent without leave: it has used up nothing of the budget that Redis
  // gives out.
  bool is_from_reserve = false;
  // The Redis whose clock the times are of.
  std::string run_id;

  friend bool operator==(const StoredBy&, const StoredBy&) = default;
};

// The plain text to seal. Of a failure, what concerns this process alone (`is_local`,
// `may_be_configuration`, `is_held_up`) and `log_detail` are left out.
std::string EncodeStored(const StoredValue& value, const StoredBy& by = {});

// Why a plain text is no value.
enum class StoredFault : std::uint8_t {
  kNone,
  // It is of another schema version.
  kOtherSchema,
  // It is no message of the schema, or holds what no writer of this schema writes.
  kMalformed,
};

struct DecodedValue {
  // Unset exactly if there is a fault.
  std::optional<StoredValue> value;
  StoredFault fault = StoredFault::kNone;
  StoredBy by = {};
};

// Gives back what EncodeStored() was given, or a fault; never a part of it. Thread-safe.
DecodedValue DecodeStored(std::string_view plain);

}  // namespace balance
