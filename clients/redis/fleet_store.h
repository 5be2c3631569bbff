#pragma once

// The port through which replicas share what they know of a login and the budget of its credential.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/reading.h"
#include "clients/core/source_info.h"
#include "clients/redis/login_names.h"
#include "clients/redis/redis_clock.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_time.h"

namespace balance {

// A request may leave so long after it was granted, and no later: the rate of the budget is that
// much below the ceiling, so no sliding second sees one request too many.
inline constexpr Duration kSendSlack = std::chrono::milliseconds(100);

// The part of a credential's budget that Redis gives out.
struct FleetRate {
  // Between two requests in the long run, and how much earlier than that one may come.
  std::chrono::microseconds interval{};
  std::chrono::microseconds tolerance{};
};

// `reserve` is the share of the rate that only replicas without Redis may use, from 0 to below 1.
// The burst is the configured one: with all requests sent within kSendSlack, no sliding second
// holds more than requests_per_second + burst - 1.
FleetRate FleetRateOf(const RateSettings& rate, double reserve);

// A reading of this or another replica.
struct FleetReading {
  // Complete: `observe_steady` is this replica's time of `observed`, or some milliseconds earlier,
  // as far as Redis's clock is not known better.
  Reading reading;
  RedisTime observed;
  // AcquireRequest::owner of the source that sent the request; empty if it is not known.
  std::string owner = {};
  // True if that request was sent without leave, out of the reserve.
  bool is_from_reserve = false;
};

// A failed upstream request of this or another replica.
struct FleetFailure {
  // `retry_after` is what is left of the pause.
  Error error;
  RedisTime observed;
  // This replica's time of `observed`, when the request was sent, or a little earlier.
  SteadyTime sent;
  // The same two facts as in FleetReading.
  std::string owner = {};
  bool is_from_reserve = false;
};

using FleetNews = std::variant<FleetReading, FleetFailure>;

struct AcquireRequest {
  LoginNames login;
  // Who asks: unique among all that fetch at one time, in all replicas. Whoever asks again under
  // the same name gives up what it was granted before.
  std::string owner;
  // A reading is taken if it was observed at or after this, and is not older than `max_age`.
  SteadyTime observed_from = SteadyTime::min();
  // The same on Redis's clock: no request is granted before this time.
  RedisTime observed_from_redis = RedisTime::min();
  Duration max_age = Duration::max();
  // A failure of a request that was sent at or after this is returned instead of a grant.
  SteadyTime failed_from = SteadyTime::max();
  FleetRate rate = {};
  // Least time between two requests of the login.
  Duration min_refresh_interval{0};
  // The request may last so long: the lease ends that much after the grant.
  Duration lease{};
  // False: no request can be sent here, only what there is already is asked for.
  bool may_send = true;
};

// Leave to send one request now, and not after `send_by`. A token of the budget is used up.
struct Granted {
  // Names the lease.
  std::string token;
  // Time of the grant on Redis's clock: the observe time of what the request brings.
  RedisTime observed;
  SteadyTime send_by;
  // When another replica may be granted a request.
  SteadyTime lease_end;
  // When the budget is whole again, if nothing more is granted.
  SteadyTime budget_full_at;
  // The Redis that granted it. To another one, `observed` says nothing.
  std::string run_id = {};
};

// Observe time of what a request brought that was sent, or granted, at `sent`.
RedisTime ObservedAt(RedisTime sent, const Reading& reading);

// Another replica, or another source here, has the lease.
struct LeaseBusy {
  SteadyTime lease_end;
  // AcquireRequest::owner of who has it; empty if what lies there can be no owner's name.
  std::string owner = {};
};

// No request before `send_at`: ask again then. Nothing was used up, and it is nobody's turn yet.
struct OutOfTurn {
  SteadyTime send_at;
  // The same as Granted::budget_full_at.
  SteadyTime budget_full_at = SteadyTime::min();
};

// The upstream asked for a pause, or rejected the secret.
struct HeldOff {
  // Why, with what is left as `retry_after`; unset if that could not be read.
  std::optional<Error> because;
  SteadyTime until;
  // Whether it is the secret that was rejected; else the credential has to pause.
  bool is_rejected = false;
};

using Acquired = std::variant<FleetReading, FleetFailure, Granted, LeaseBusy, OutOfTurn, HeldOff>;

struct StoreRequest {
  LoginNames login;
  // What the request brought.
  std::variant<Reading, Error> result;
  // The leave to send it, which ends then; unset: it was sent without Redis, and its observe time
  // is taken from this replica's own clock.
  std::optional<Granted> grant = std::nullopt;
  // When a request without a grant was sent. Needed for a failure only: a reading has its own time.
  SteadyTime sent = SteadyTime::min();
  // For how long it can be of use.
  Duration time_to_live{};
  // AcquireRequest::owner of the source that sent the request.
  std::string owner = {};
};

enum class StoreOutcome : std::uint8_t {
  // Kept and published.
  kKept,
  // Something newer is there.
  kOlder,
  // By Redis's clock it was sent in the future: that clock was set back since. Not kept.
  kAhead,
  // Larger than what replicas share. Not kept; its lease has ended all the same.
  kTooLarge,
};

// Limits of a credential that one replica learned from the upstream. A member that is unset changes
// nothing.
struct RateNews {
  LoginNames login;
  // The upstream asks for a pause.
  std::optional<Duration> pause = std::nullopt;
  // The upstream rejected the secret: nobody who has it asks for so long.
  std::optional<Duration> hold_off = std::nullopt;
  // Why there is a pause or a hold-off.
  Error because = {};
  // The secret is good: ends its hold-off.
  bool is_accepted = false;
  // No more than one request in `interval` for `lasting`, counted from the latest request on.
  std::optional<Duration> interval = std::nullopt;
  Duration lasting{};
};

// Largest sealed value that is kept in Redis: a reading takes about 1 KiB, and all logins share the
// connection that it goes through.
inline constexpr std::size_t kMostValueBytes = std::size_t{128} << 10;

// What lies in Redis and cannot be used; each is an alarm and was treated as missing.
enum class StoredValueFault : std::uint8_t {
  // Of another format of the seal.
  kUnknownFormat,
  // Sealed by another key, or changed, cut or moved since.
  kNotOpened,
  // Of another schema version.
  kOtherSchema,
  // No message of the schema.
  kMalformed,
  // Its times inside and outside of the seal differ, or are of another Redis's clock.
  kOtherTime,
  // A key of another type, or a field that no release writes so or so large: something else writes
  // here.
  kForeign,
};

inline constexpr int kStoredValueFaultCount = static_cast<int>(StoredValueFault::kForeign) + 1;

// Name of each of them for metrics and the log, indexed by it.
inline constexpr std::array<std::string_view, kStoredValueFaultCount> kStoredValueFaultNames = {
    "UNKNOWN_FORMAT", "NOT_OPENED", "OTHER_SCHEMA", "MALFORMED", "OTHER_TIME", "FOREIGN"};

// Used on its shard's thread only. Every operation ends within the operation timeout of
// RedisSettings, or fails at once (kAway) while Redis is not usable. In a burst it may queue before
// that for as long as CommandWindow allows.
class FleetStore {
 public:
  virtual ~FleetStore() = default;

  using OnNews = std::function<void(FleetNews)>;
  // Ends with it, silently.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };

  // A reading that is new enough, a failure that is, or leave to ask the upstream; else why not.
  // A stored value that cannot be used counts as missing, and the request is made as if for
  // something newer.
  virtual boost::asio::awaitable<RedisResult<Acquired>> Acquire(AcquireRequest request) = 0;

  // Keeps what a request brought, and publishes it to the other replicas, if it is newer than what
  // is there. Ends the lease of the grant in any case. A grant of another Redis than the present
  // one fails with kAway.
  virtual boost::asio::awaitable<RedisResult<StoreOutcome>> Store(StoreRequest request) = 0;

  // Ends the lease of a request that was not sent, or that brought nothing to share.
  virtual boost::asio::awaitable<RedisResult<void>> Release(LoginNames login, Granted grant) = 0;

  // Has limits count for all replicas. A pause or hold-off that lasts longer already stays.
  virtual boost::asio::awaitable<RedisResult<void>> Rate(RateNews news) = 0;

  // Calls `on_news` with what any replica, this one included, stores of the login. Messages may
  // be lost. `names` are copied.
  [[nodiscard]] virtual std::unique_ptr<Subscription> Subscribe(const LoginNames& names,
                                                                OnNews on_news) = 0;

  // Whether an operation may be tried now. False: no connection, or the breaker is open.
  virtual bool IsUsable() const = 0;

  // Calls `on_usable` once, as soon as an operation may be tried again; never, if the store is
  // stopped before. REQUIRES: !IsUsable().
  [[nodiscard]] virtual std::unique_ptr<Subscription> AwaitUsable(
      std::function<void()> on_usable) = 0;

  // What is known of Redis's clock, as of its latest answer, however long ago that was. Null: none
  // has come yet.
  virtual const RedisClock* redis_clock() const = 0;
};

}  // namespace balance
