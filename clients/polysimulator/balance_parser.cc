#include "clients/polysimulator/balance_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/json/seen_names.h"
#include "clients/polysimulator/venue.h"
#include "clients/venue/currency_code.h"
#include "clients/venue/upstream_amounts.h"

namespace balance::polysimulator {
namespace {

constexpr std::string_view kBalance = "balance";
constexpr std::string_view kCurrency = "currency";
constexpr std::string_view kStartingBalance = "starting_balance";
constexpr std::string_view kUnrealizedPnl = "unrealized_pnl";
constexpr std::string_view kTotalValue = "total_value";
constexpr std::string_view kPositionValueRule = "total_value-balance";

constexpr std::array<UpstreamAmount, 4> kAmounts = {{
    {kBalance, &CurrencyBalance::cash, true},
    {kStartingBalance, &CurrencyBalance::starting_capital},
    {kUnrealizedPnl, &CurrencyBalance::total_pnl},
    {kTotalValue, &CurrencyBalance::equity, true},
}};

// Fields of the oldest shape of the reply, of spring 2026, that have no place in a CurrencyBalance.
constexpr std::array<std::string_view, 3> kUnmappedFields = {"user_id", "pnl", "pnl_percent"};

bool IsUnmapped(std::string_view name) {
  return std::find(kUnmappedFields.begin(), kUnmappedFields.end(), name) != kUnmappedFields.end();
}

bool IsDocumented(std::string_view name) {
  return name == kCurrency || FindAmount(kAmounts, name) != nullptr || IsUnmapped(name);
}

// The venue's own definition of its misnamed field. True also if a part was not reported.
bool KeepsProfitIdentity(const CurrencyBalance& balance) {
  if (!balance.equity || !balance.starting_capital || !balance.total_pnl) return true;
  const auto expected = Decimal::Subtract(balance.equity->value, balance.starting_capital->value);
  return expected && Decimal::Compare(*expected, balance.total_pnl->value) == 0;
}

}  // namespace

Result<ParsedBalances> BalanceParser::Parse(const JsonValue& reply) {
  const JsonValue* total_value = reply.Find(kTotalValue);
  has_total_value_ = total_value != nullptr && !total_value->IsNull();
  SeenNames seen;
  for (const JsonMember& field : reply.members) {
    if (IsDocumented(field.name) && !seen.Add(field.name)) {
      return MalformedReply(kName, "the balance has a field twice");
    }
    auto read = ReadField(field);
    if (!read) return tl::unexpected<Error>(std::move(read.error()));
  }
  auto derived = Derive();
  if (!derived) return tl::unexpected<Error>(std::move(derived.error()));

  ParsedBalances parsed;
  parsed.balances.push_back(std::move(balance_));
  parsed.warnings = WarningsOf(parsed.balances);
  return parsed;
}

Result<void> BalanceParser::ReadField(const JsonMember& field) {
  const UpstreamAmount* amount = FindAmount(kAmounts, field.name);
  if (amount != nullptr && (field.name != kUnrealizedPnl || has_total_value_)) {
    if (TakeOver(*amount, field.value, balance_, odd_)) return {};
    return MalformedReply(kName, "balance or total_value is no number that an amount can be");
  }
  if (field.name == kCurrency) {
    ReadCurrency(field.value, balance_);
  } else if (IsDocumented(field.name)) {
    odd_.KeepDocumented(field, balance_);
  } else {
    odd_.KeepUnknown(field, balance_);
  }
  return {};
}

Result<void> BalanceParser::Derive() {
  if (!balance_.cash) return MalformedReply(kName, "it has no balance");
  // The venue takes resting orders out of the balance and reports no buying power beside it.
  balance_.available_to_trade = Amount{balance_.cash->value, AmountOrigin::kDerived, kBalance};
  if (!balance_.equity) return {};
  const auto positions = Decimal::Subtract(balance_.equity->value, balance_.cash->value);
  if (!positions) return MalformedReply(kName, "its amounts are larger than can be true");
  balance_.position_value = Amount{*positions, AmountOrigin::kDerived, kPositionValueRule};
  return {};
}

std::vector<Warning> BalanceParser::WarningsOf(const std::vector<CurrencyBalance>& balances) const {
  std::vector<Warning> warnings;
  if (!std::all_of(balances.begin(), balances.end(), KeepsProfitIdentity)) {
    warnings.push_back(
        {WarningKind::kIdentityMismatch, "unrealized_pnl is not total_value - starting_balance."});
  }
  AddCurrencyWarnings(balances, warnings);
  odd_.AddWarnings(warnings);
  return warnings;
}

}  // namespace balance::polysimulator
