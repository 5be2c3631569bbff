#include "clients/polymarket_us/row_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "clients/json/read_decimal.h"
#include "clients/json/rfc3339.h"
#include "clients/json/seen_names.h"
#include "clients/polymarket_us/parse_withdrawals.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polymarket_us {
namespace {

struct MoneyField {
  // Also the amount's basis.
  std::string_view name;
  std::optional<Amount> CurrencyBalance::*place;
};

constexpr std::array<MoneyField, 10> kMoneyFields = {{
    {"currentBalance", &CurrencyBalance::cash},
    {"buyingPower", &CurrencyBalance::available_to_trade},
    {"assetNotional", &CurrencyBalance::position_notional},
    {"assetAvailable", &CurrencyBalance::position_collateral},
    {"pendingCredit", &CurrencyBalance::pending_credit},
    {"openOrders", &CurrencyBalance::open_orders},
    {"unsettledFunds", &CurrencyBalance::unsettled},
    {"marginRequirement", &CurrencyBalance::margin_requirement},
    {"balanceReservation", &CurrencyBalance::reserved},
    {"availableToWithdraw", &CurrencyBalance::withdrawable},
}};

// Sent since September 2026, without a published meaning.
constexpr std::array<std::string_view, 6> kUnmappedFields = {
    "bonusReservation", "depositReservation", "displayedAvailableSoon",
    "displayedBonus",   "displayedCash",      "bonusHold"};

constexpr std::string_view kCurrency = "currency";
constexpr std::string_view kLastUpdated = "lastUpdated";
constexpr std::string_view kPendingWithdrawals = "pendingWithdrawals";

const MoneyField* FindMoneyField(std::string_view name) {
  const auto found = std::find_if(kMoneyFields.begin(), kMoneyFields.end(),
                                  [&](const MoneyField& field) { return field.name == name; });
  return found == kMoneyFields.end() ? nullptr : found;
}

bool IsUnmapped(std::string_view name) {
  return std::find(kUnmappedFields.begin(), kUnmappedFields.end(), name) != kUnmappedFields.end();
}

bool IsDocumentedInRow(std::string_view name) {
  return FindMoneyField(name) != nullptr || name == kCurrency || name == kLastUpdated ||
         name == kPendingWithdrawals || IsUnmapped(name);
}

}  // namespace

Result<CurrencyBalance> RowParser::Parse(const JsonValue& row) {
  if (!row.IsObject()) return MalformedReply(kName, "a balance is not an object");
  SeenNames seen;
  for (const JsonMember& field : row.members) {
    if (IsDocumentedInRow(field.name) && !seen.Add(field.name)) {
      return MalformedReply(kName, "a balance has a field twice");
    }
    auto read = ReadField(field);
    if (!read) return tl::unexpected<Error>(std::move(read.error()));
  }
  return std::move(balance_);
}

Result<void> RowParser::ReadField(const JsonMember& field) {
  if (const MoneyField* money = FindMoneyField(field.name)) {
    const auto amount = ReadDecimal(field.value);
    if (!amount) return MalformedReply(kName, "an amount of a balance is not a number");
    if (*amount) balance_.*(money->place) = Amount{**amount, AmountOrigin::kReported, money->name};
    return {};
  }
  if (field.name == kCurrency) return ReadCurrency(field.value);
  if (field.name == kPendingWithdrawals) return ReadWithdrawals(field.value);
  if (field.name == kLastUpdated) {
    ReadLastUpdated(field);
  } else if (IsUnmapped(field.name)) {
    unmapped_.KeepDocumented(field, balance_);
  } else {
    unmapped_.KeepUnknown(field, balance_);
  }
  return {};
}

Result<void> RowParser::ReadCurrency(const JsonValue& value) {
  if (value.IsNull()) return {};
  if (!value.IsString() || value.text.size() > kMaxCurrencyCode) {
    return MalformedReply(kName, "the currency of a balance is not a code");
  }
  balance_.currency_code = value.text;
  return {};
}

Result<void> RowParser::ReadWithdrawals(const JsonValue& value) {
  auto withdrawals = ParseWithdrawals(value, unmapped_);
  if (!withdrawals) return tl::unexpected<Error>(std::move(withdrawals.error()));
  balance_.pending_withdrawals = *std::move(withdrawals);
  return {};
}

void RowParser::ReadLastUpdated(const JsonMember& field) {
  if (field.value.IsString()) balance_.change_time = ParseRfc3339(field.value.text);
  if (!balance_.change_time) unmapped_.KeepDocumented(field, balance_);
}

}  // namespace balance::polymarket_us
