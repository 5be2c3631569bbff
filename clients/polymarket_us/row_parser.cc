#include "clients/polymarket_us/row_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "clients/json/rfc3339.h"
#include "clients/json/seen_names.h"
#include "clients/polymarket_us/parse_withdrawals.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/currency_code.h"
#include "clients/venue/parsed_balances.h"
#include "clients/venue/upstream_amounts.h"

namespace balance::polymarket_us {
namespace {

constexpr std::array<UpstreamAmount, 10> kAmounts = {{
    {"currentBalance", &CurrencyBalance::cash, true},
    {"buyingPower", &CurrencyBalance::available_to_trade, true},
    {"assetNotional", &CurrencyBalance::position_notional},
    {"assetAvailable", &CurrencyBalance::position_collateral},
    {"pendingCredit", &CurrencyBalance::pending_credit},
    {"openOrders", &CurrencyBalance::open_orders},
    {"unsettledFunds", &CurrencyBalance::unsettled},
    {"marginRequirement", &CurrencyBalance::margin_requirement},
    {"balanceReservation", &CurrencyBalance::reserved},
    {"availableToWithdraw", &CurrencyBalance::withdrawable},
}};

// Fields that the venue has sent since September 2026 without a published meaning.
constexpr std::array<std::string_view, 6> kUnmappedFields = {
    "bonusReservation", "depositReservation", "displayedAvailableSoon",
    "displayedBonus",   "displayedCash",      "bonusHold"};

constexpr std::string_view kCurrency = "currency";
constexpr std::string_view kLastUpdated = "lastUpdated";

bool IsUnmapped(std::string_view name) {
  return std::find(kUnmappedFields.begin(), kUnmappedFields.end(), name) != kUnmappedFields.end();
}

bool IsDocumentedInRow(std::string_view name) {
  return FindAmount(kAmounts, name) != nullptr || name == kCurrency || name == kLastUpdated ||
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
  if (const UpstreamAmount* amount = FindAmount(kAmounts, field.name)) {
    if (TakeOver(*amount, field.value, balance_, odd_)) return {};
    return MalformedReply(kName,
                          "currentBalance or buyingPower is no number that an amount can be");
  }
  if (field.name == kPendingWithdrawals) return ParseWithdrawals(field.value, balance_, odd_);
  if (field.name == kCurrency) {
    ReadCurrency(field.value, balance_);
  } else if (field.name == kLastUpdated) {
    ReadLastUpdated(field);
  } else if (IsUnmapped(field.name)) {
    odd_.KeepDocumented(field, balance_);
  } else {
    odd_.KeepUnknown(field, balance_);
  }
  return {};
}

void RowParser::ReadLastUpdated(const JsonMember& field) {
  if (field.value.IsString()) balance_.change_time = ParseRfc3339(field.value.text);
  if (!balance_.change_time) odd_.KeepDocumented(field, balance_);
}

}  // namespace balance::polymarket_us
