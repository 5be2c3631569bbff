#include "tests/sandbox/polymarket_body.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sandbox/json_text.h"

namespace balance::sandbox {
namespace {

std::string OrNull(const std::optional<std::string>& text) { return text ? Quoted(*text) : "null"; }

std::string Withdrawal(const PolymarketWithdrawal& withdrawal) {
  JsonObject object;
  object.Text("id", withdrawal.id);
  object.Text("name", withdrawal.name);
  object.Raw("balance", withdrawal.amount);
  object.Text("description", withdrawal.description);
  object.Raw("acknowledged", withdrawal.acknowledged ? "true" : "false");
  object.Text("bankId", withdrawal.bank_id);
  object.Raw("creationTime", OrNull(withdrawal.creation_time));
  object.Text("destinationAccountName", withdrawal.destination_account_name);
  return object.Take();
}

void AddNewerFields(const PolymarketRow& row, JsonObject& object) {
  const std::pair<const char*, std::string> fields[] = {
      {"availableToWithdraw", BuyingPower(row)},
      {"bonusReservation", "0"},
      {"depositReservation", "0"},
      {"displayedAvailableSoon", row.pending_credit},
      {"displayedBonus", "0"},
      {"displayedCash", row.current_balance},
      {"bonusHold", "0"}};
  for (const auto& [name, value] : fields) {
    const bool given =
        std::any_of(row.extra_fields.begin(), row.extra_fields.end(),
                    [name = name](const auto& field) { return field.first == name; });
    if (!given) object.Raw(name, value);
  }
}

}  // namespace

std::string BalanceRow(const PolymarketRow& row, const PolymarketSwitches& switches) {
  std::vector<std::string> withdrawals;
  for (const auto& withdrawal : row.pending_withdrawals) {
    withdrawals.push_back(Withdrawal(withdrawal));
  }
  JsonObject object;
  object.Raw("currentBalance", row.current_balance);
  object.Text("currency", row.currency);
  object.Raw("lastUpdated", OrNull(row.last_updated));
  object.Raw("buyingPower", BuyingPower(row));
  object.Raw("assetNotional", row.asset_notional);
  object.Raw("assetAvailable", row.asset_available);
  object.Raw("pendingCredit", row.pending_credit);
  object.Raw("openOrders", row.open_orders);
  object.Raw("unsettledFunds", row.unsettled_funds);
  object.Raw("pendingWithdrawals", JsonArray(withdrawals));
  object.Raw("marginRequirement", row.margin_requirement);
  if (row.reservation_presence != Presence::kAbsent) {
    object.Raw("balanceReservation",
               row.reservation_presence == Presence::kNull ? "null" : row.balance_reservation);
  }
  if (switches.newer_fields) AddNewerFields(row, object);
  if (switches.unknown_field) object.Raw("somethingNew", R"({"a":[1]})");
  for (const auto& [name, json] : row.extra_fields) object.Raw(name, json);
  return object.Take();
}

std::string BalancesBody(const PolymarketLedger& ledger, const PolymarketSwitches& switches) {
  std::vector<std::string> rows;
  for (const PolymarketRow& row : ledger.rows) rows.push_back(BalanceRow(row, switches));
  JsonObject object;
  object.Raw("balances", JsonArray(rows));
  return object.Take();
}

}  // namespace balance::sandbox
