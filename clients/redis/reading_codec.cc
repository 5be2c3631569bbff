#include "clients/redis/reading_codec.h"

#include <algorithm>
#include <set>
#include <utility>

#include "balance/store/v1/stored_value.pb.h"
#include "clients/core/mutex.h"
#include "clients/core/saturating.h"

namespace balance {
namespace {

namespace wire = balance::store::v1;
using std::chrono::microseconds;

// Most different bases of amounts. There are about a dozen in a release; more are no writer's.
constexpr std::size_t kMostBases = 1024;

std::int64_t Micros(RedisTime time) { return time.time_since_epoch().count(); }

RedisTime OfMicros(std::int64_t micros) { return RedisTime(microseconds(micros)); }

// In the range that nanoseconds since 1970 have.
bool IsTime(std::int64_t micros) {
  constexpr auto kLatest = std::chrono::floor<microseconds>(WallTime::max().time_since_epoch());
  return micros >= 0 && micros <= kLatest.count();
}

std::int64_t Nanos(WallTime time) { return time.time_since_epoch().count(); }

// A text that lives as long as the program; unset if there are too many. Writers take theirs from
// the literals of their program, so the set stays small.
std::optional<Literal> Interned(const std::string& text) {
  static Mutex mutex;
  static auto* const texts BALANCE_PT_GUARDED_BY(mutex) = new std::set<std::string>;
  // A literal ends at its first zero.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  const MutexLock lock(mutex);
  if (texts->size() >= kMostBases && !texts->contains(text)) return std::nullopt;
  return Literal(texts->insert(text).first->c_str());
}

void Encode(const Amount& amount, wire::Amount& out) {
  out.set_value(amount.value.ToString());
  out.set_is_derived(amount.origin == AmountOrigin::kDerived);
  out.set_basis(std::string(std::string_view(amount.basis)));
}

bool Decode(const wire::Amount& in, OptionalAmount& out) {
  const auto value = Decimal::Parse(in.value());
  const auto basis = Interned(in.basis());
  // What was written plainly comes back as it was written.
  if (!value || value->ToString() != in.value() || !basis) return false;
  out = Amount{*value, in.is_derived() ? AmountOrigin::kDerived : AmountOrigin::kReported, *basis};
  return true;
}

void Encode(const PendingWithdrawal& in, wire::PendingWithdrawal& out) {
  out.set_id(in.id);
  out.set_account_name(in.account_name);
  if (in.amount) Encode(*in.amount, *out.mutable_amount());
  out.set_description(in.description);
  if (in.acknowledged) out.set_acknowledged(*in.acknowledged);
  out.set_bank_id(in.bank_id);
  if (in.create_time) out.set_create_time_ns(Nanos(*in.create_time));
  out.set_destination_account_name(in.destination_account_name);
  out.set_status(in.status);
}

bool Decode(const wire::PendingWithdrawal& in, PendingWithdrawal& out) {
  out.id = in.id();
  out.account_name = in.account_name();
  if (in.has_amount() && !Decode(in.amount(), out.amount)) return false;
  out.description = in.description();
  if (in.has_acknowledged()) out.acknowledged = in.acknowledged();
  out.bank_id = in.bank_id();
  if (in.has_create_time_ns()) out.create_time = WallTime(Duration(in.create_time_ns()));
  out.destination_account_name = in.destination_account_name();
  out.status = in.status();
  return true;
}

void Encode(const CurrencyBalance& in, wire::CurrencyBalance& out) {
  out.set_currency_code(in.currency_code);
  out.set_is_currency_unrecognized(in.is_currency_unrecognized);
#define BALANCE_ENCODE_AMOUNT(name, kind) \
  if (in.name) Encode(*in.name, *out.mutable_##name());
  BALANCE_MONEY_FIELDS(BALANCE_ENCODE_AMOUNT)
#undef BALANCE_ENCODE_AMOUNT
  for (const PendingWithdrawal& withdrawal : in.pending_withdrawals) {
    Encode(withdrawal, *out.add_pending_withdrawals());
  }
  out.set_are_withdrawals_reported(in.are_withdrawals_reported);
  if (in.change_time) out.set_change_time_ns(Nanos(*in.change_time));
  for (const auto& [name, value] : in.other_fields) {
    wire::OtherField& field = *out.add_other_fields();
    field.set_name(name);
    field.set_value(value);
  }
}

bool Decode(const wire::CurrencyBalance& in, CurrencyBalance& out) {
  out.currency_code = in.currency_code();
  out.is_currency_unrecognized = in.is_currency_unrecognized();
#define BALANCE_DECODE_AMOUNT(name, kind) \
  if (in.has_##name() && !Decode(in.name(), out.name)) return false;
  BALANCE_MONEY_FIELDS(BALANCE_DECODE_AMOUNT)
#undef BALANCE_DECODE_AMOUNT
  for (const auto& withdrawal : in.pending_withdrawals()) {
    if (!Decode(withdrawal, out.pending_withdrawals.emplace_back())) return false;
  }
  out.are_withdrawals_reported = in.are_withdrawals_reported();
  if (in.has_change_time_ns()) out.change_time = WallTime(Duration(in.change_time_ns()));
  for (const auto& field : in.other_fields()) {
    out.other_fields.emplace_back(field.name(), field.value());
  }
  return true;
}

void Encode(const StoredReading& in, wire::StoredValue& out) {
  out.set_observed_us(Micros(in.observed));
  wire::Reading& reading = *out.mutable_reading();
  for (const CurrencyBalance& balance : in.reading.balances) {
    Encode(balance, *reading.add_balances());
  }
  for (const Warning& warning : in.reading.warnings) {
    wire::Warning& stored = *reading.add_warnings();
    stored.set_reason(std::string(WarningReason(warning.kind)));
    stored.set_detail(warning.detail);
  }
  reading.set_received_us(Micros(in.received));
  reading.set_cache_age_ns(in.reading.cache_age.count());
  reading.set_upstream_request_id(in.reading.request_id);
}

std::optional<WarningKind> WarningKindOf(std::string_view reason) {
  for (int kind = 0; kind < kWarningKindCount; ++kind) {
    if (WarningReason(WarningKind(kind)) == reason) return WarningKind(kind);
  }
  return std::nullopt;
}

std::optional<StoredValue> DecodeReading(RedisTime observed, const wire::Reading& in) {
  if (!IsTime(in.received_us()) || in.cache_age_ns() < 0) return std::nullopt;
  StoredReading out{observed, OfMicros(in.received_us()), {}};
  for (const auto& balance : in.balances()) {
    if (!Decode(balance, out.reading.balances.emplace_back())) return std::nullopt;
  }
  for (const auto& warning : in.warnings()) {
    const auto kind = WarningKindOf(warning.reason());
    if (!kind) return std::nullopt;
    out.reading.warnings.push_back({*kind, warning.detail()});
  }
  out.reading.observe_time = ToWallTime(out.observed);
  out.reading.receive_time = ToWallTime(out.received);
  out.reading.cache_age = Duration(in.cache_age_ns());
  out.reading.request_id = in.upstream_request_id();
  out.reading.origin = ReadingOrigin::kSharedCache;
  return out;
}

void Encode(const StoredFailure& in, wire::StoredValue& out) {
  out.set_observed_us(Micros(in.observed));
  wire::Failure& failure = *out.mutable_failure();
  failure.set_reason(std::string(TraitsOf(in.error.kind).reason));
  failure.set_message(in.error.message);
  if (in.retry_at) failure.set_retry_at_us(Micros(*in.retry_at));
  failure.set_upstream_request_id(in.error.request_id);
  failure.set_is_transient(in.error.is_transient);
  failure.set_is_connect_failure(in.error.is_connect_failure);
  failure.set_is_out_of_cache(in.error.is_out_of_cache);
}

std::optional<ErrorKind> ErrorKindOf(std::string_view reason) {
  for (int kind = 0; kind < kErrorKindCount; ++kind) {
    if (TraitsOf(ErrorKind(kind)).reason == reason) return ErrorKind(kind);
  }
  return std::nullopt;
}

std::optional<StoredValue> DecodeFailure(RedisTime observed, const wire::Failure& in) {
  const auto kind = ErrorKindOf(in.reason());
  if (!kind || (in.has_retry_at_us() && !IsTime(in.retry_at_us()))) return std::nullopt;
  StoredFailure out{observed, Error{*kind, in.message()}, std::nullopt};
  if (in.has_retry_at_us()) out.retry_at = OfMicros(in.retry_at_us());
  out.error.request_id = in.upstream_request_id();
  out.error.is_transient = in.is_transient();
  out.error.is_connect_failure = in.is_connect_failure();
  out.error.is_out_of_cache = in.is_out_of_cache();
  return out;
}

}  // namespace

RedisTime ObservedOf(const StoredValue& value) {
  return std::visit([](const auto& stored) { return stored.observed; }, value);
}

std::string EncodeStored(const StoredValue& value, const StoredBy& by) {
  wire::StoredValue message;
  message.set_schema_version(kStoreSchemaVersion);
  message.set_owner(by.owner);
  message.set_is_from_reserve(by.is_from_reserve);
  message.set_run_id(by.run_id);
  std::visit([&message](const auto& stored) { Encode(stored, message); }, value);
  return message.SerializeAsString();
}

DecodedValue DecodeStored(std::string_view plain) {
  wire::StoredValue message;
  if (!message.ParseFromArray(plain.data(), static_cast<int>(plain.size()))) {
    return {std::nullopt, StoredFault::kMalformed};
  }
  if (message.schema_version() != kStoreSchemaVersion) {
    return {std::nullopt, StoredFault::kOtherSchema};
  }
  std::optional<StoredValue> value;
  const RedisTime observed = OfMicros(message.observed_us());
  if (IsTime(message.observed_us())) {
    if (message.has_reading()) value = DecodeReading(observed, message.reading());
    if (message.has_failure()) value = DecodeFailure(observed, message.failure());
  }
  if (!value) return {std::nullopt, StoredFault::kMalformed};
  return {std::move(value),
          StoredFault::kNone,
          {message.owner(), message.is_from_reserve(), message.run_id()}};
}

}  // namespace balance
