#pragma once

// What one successful upstream request said, in this service's own terms. Plain values: a Reading
// is built by a venue's parser, then shared as std::shared_ptr<const Reading> and never changed.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/core/amount.h"
#include "clients/core/clock.h"
#include "clients/core/money_fields.h"

namespace balance {

struct PendingWithdrawal {
  std::string id;
  std::string account_name;
  OptionalAmount amount;
  std::string description;
  std::optional<bool> acknowledged;
  std::string bank_id;
  std::optional<WallTime> create_time;
  std::string destination_account_name;
  std::string status;

  friend bool operator==(const PendingWithdrawal&, const PendingWithdrawal&) = default;
};

// One currency of one source. An unset amount was not reported, which is not a zero. The meaning of
// each field is documented at CurrencyBalance in balance_service.proto.
struct CurrencyBalance {
  // Code of 1 to 12 letters and digits, such as "USD". Empty: the upstream sent none.
  std::string currency_code;
  // Whether the upstream sent what is no such code: `currency_code` is only for people to see then.
  bool is_currency_unrecognized = false;
#define BALANCE_DECLARE_AMOUNT(name, kind) OptionalAmount name;
  BALANCE_MONEY_FIELDS(BALANCE_DECLARE_AMOUNT)
#undef BALANCE_DECLARE_AMOUNT
  std::vector<PendingWithdrawal> pending_withdrawals;
  // Whether `pending_withdrawals` are all that there are. If not, others may be under way of which
  // nothing was reported, or which could not be read.
  bool are_withdrawals_reported = false;
  std::optional<WallTime> change_time;
  // Unmapped upstream scalars as text, in the order received.
  std::vector<std::pair<std::string, std::string>> other_fields;

  // Whether it is known in which currency the amounts are. If not, no total may include them.
  bool HasCurrency() const { return !currency_code.empty() && !is_currency_unrecognized; }

  friend bool operator==(const CurrencyBalance&, const CurrencyBalance&) = default;
};

// One of the amounts of a CurrencyBalance.
struct MoneyField {
  // Name of the field in balance.v1.
  std::string_view name;
  OptionalAmount CurrencyBalance::*place;
  MoneyKind kind;
};

// All amounts of a CurrencyBalance, in the order of balance.v1.
inline constexpr auto kMoneyFields = std::to_array<MoneyField>({
#define BALANCE_MONEY_FIELD(name, kind) {#name, &CurrencyBalance::name, MoneyKind::kind},
    BALANCE_MONEY_FIELDS(BALANCE_MONEY_FIELD)
#undef BALANCE_MONEY_FIELD
});

enum class WarningKind : std::uint8_t {
  kIdentityMismatch,
  kCurrencyMissing,
  kSuddenZero,
  kBaselineJump,
  kUnknownFields,
  kLegacyKey,
  kCurrencyUnrecognized,
  kFieldUnreadable,
  kCachedReply,
};

inline constexpr int kWarningKindCount = static_cast<int>(WarningKind::kCachedReply) + 1;

// Warning.reason of the public API, such as "IDENTITY_MISMATCH".
std::string_view WarningReason(WarningKind kind);

struct Warning {
  WarningKind kind = WarningKind::kIdentityMismatch;
  // One sentence. Names of fields and recognized currency codes at most, no amounts and no upstream
  // text. It may stand beside later readings too, so it says which reading it is about.
  std::string detail;

  friend bool operator==(const Warning&, const Warning&) = default;
};

enum class ReadingOrigin : std::uint8_t { kPoll, kPushHint, kSharedCache };

struct Reading {
  // In the upstream's order. Empty: the source holds nothing.
  std::vector<CurrencyBalance> balances;
  std::vector<Warning> warnings;

  // When the upstream said it, on both clocks: when the request was sent, or `cache_age` earlier.
  // Age is measured from observe_steady.
  WallTime observe_time;
  SteadyTime observe_steady;
  // How old the answer of a cache on the way was already. Zero: the upstream itself answered.
  Duration cache_age{0};
  Now Observed() const { return {observe_time, observe_steady}; }

  // When the whole answer had arrived.
  WallTime receive_time;
  // The upstream's request or trace id, printable ASCII of at most 128 characters; may be empty.
  std::string request_id;
  ReadingOrigin origin = ReadingOrigin::kPoll;
};

}  // namespace balance
