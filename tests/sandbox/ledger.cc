#include "tests/sandbox/ledger.h"

#include <nlohmann/json.hpp>

#include "clients/core/decimal.h"

namespace balance::sandbox {
namespace {

using Operation = Result<Decimal> (*)(const Decimal&, const Decimal&);

// Overflow needs figures of sixty digits, which no identity of ours reaches by accident; "0" then.
std::string Combine(const std::string& a, const std::string& b, Operation operation) {
  const auto left = Decimal::Parse(a);
  const auto right = Decimal::Parse(b);
  if (!left || !right) return "0";
  const auto result = operation(*left, *right);
  return result ? result->ToString() : "0";
}

}  // namespace

PolymarketLedger InitialPolymarketLedger() {
  PolymarketRow row;
  row.current_balance = "1482.3175";
  row.last_updated = "2026-09-18T14:05:22.118340Z";
  row.open_orders = "216.5";
  row.margin_requirement = "75";
  return {{row}};
}

PolysimLedger InitialPolysimLedger() {
  PolysimLedger ledger;
  ledger.balance = "8612.45";
  ledger.position_value = "1076.35";
  return ledger;
}

Result<void> CheckAmount(const std::string& field, const std::string& text) {
  if (Decimal::Parse(text) && nlohmann::json::accept(text)) return {};
  return Fail(ErrorKind::kInvalidInput,
              field + " must be a JSON number in text, such as \"12.50\"");
}

Result<void> Check(const PolymarketLedger& ledger) {
  for (const PolymarketRow& row : ledger.rows) {
    std::vector<std::pair<std::string, std::string>> amounts = {
        {"currentBalance", row.current_balance},
        {"assetNotional", row.asset_notional},
        {"assetAvailable", row.asset_available},
        {"pendingCredit", row.pending_credit},
        {"openOrders", row.open_orders},
        {"unsettledFunds", row.unsettled_funds},
        {"marginRequirement", row.margin_requirement},
        {"balanceReservation", row.balance_reservation}};
    if (row.buying_power) amounts.emplace_back("buyingPower", *row.buying_power);
    for (const auto& withdrawal : row.pending_withdrawals) {
      amounts.emplace_back("pendingWithdrawals.balance", withdrawal.amount);
    }
    for (const auto& [field, text] : amounts) {
      if (auto good = CheckAmount(field, text); !good) return good;
    }
    for (const auto& [name, json] : row.extra_fields) {
      if (!nlohmann::json::accept(json)) {
        return Fail(ErrorKind::kInvalidInput, name + " must be JSON in text");
      }
    }
  }
  return {};
}

Result<void> Check(const PolysimLedger& ledger) {
  std::vector<std::pair<std::string, std::string>> amounts = {
      {"balance", ledger.balance},
      {"starting_balance", ledger.starting_balance},
      {"position_value", ledger.position_value}};
  if (ledger.total_value) amounts.emplace_back("total_value", *ledger.total_value);
  if (ledger.unrealized_pnl) amounts.emplace_back("unrealized_pnl", *ledger.unrealized_pnl);
  for (const auto& [field, text] : amounts) {
    if (auto good = CheckAmount(field, text); !good) return good;
  }
  return {};
}

std::string Plus(const std::string& a, const std::string& b) {
  return Combine(a, b, &Decimal::Add);
}

std::string Minus(const std::string& a, const std::string& b) {
  return Combine(a, b, &Decimal::Subtract);
}

std::string BuyingPower(const PolymarketRow& row) {
  if (row.buying_power) return *row.buying_power;
  return Minus(Minus(Plus(row.current_balance, row.asset_available), row.open_orders),
               row.margin_requirement);
}

std::string TotalValue(const PolysimLedger& ledger) {
  return ledger.total_value ? *ledger.total_value : Plus(ledger.balance, ledger.position_value);
}

std::string UnrealizedPnl(const PolysimLedger& ledger) {
  if (ledger.unrealized_pnl) return *ledger.unrealized_pnl;
  return Minus(TotalValue(ledger), ledger.starting_balance);
}

std::string TierBaseline(Tier tier) {
  switch (tier) {
    case Tier::kFree:
      return "100.00";
    case Tier::kPro:
      return "10000.00";
    case Tier::kProPlus:
    case Tier::kEnterprise:
      return "25000.00";
  }
  return "10000.00";
}

}  // namespace balance::sandbox
