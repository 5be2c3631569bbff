#pragma once

// The money each side holds: what a login's balance request reports. Amounts are decimal text, put
// on the wire as they are, so that "1.25e3", four decimals or 2^53+1 survive.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/result.h"

namespace balance::sandbox {

struct PolymarketWithdrawal {
  std::string id;
  std::string name = "acct/main";
  std::string amount = "0";
  std::string description;
  bool acknowledged = false;
  std::string bank_id;
  // RFC 3339; unset: null.
  std::optional<std::string> creation_time;
  std::string destination_account_name;
};

enum class Presence : std::uint8_t { kPresent, kNull, kAbsent };

// One element of `balances`. Every amount must be a JSON number.
struct PolymarketRow {
  std::string currency = "USD";
  std::string current_balance = "0";
  // RFC 3339; unset: null.
  std::optional<std::string> last_updated;
  // Unset: current_balance + asset_available - open_orders - margin_requirement, the vendor's
  // identity. Set it to break the identity on purpose.
  std::optional<std::string> buying_power;
  std::string asset_notional = "0";
  std::string asset_available = "0";
  std::string pending_credit = "0";
  std::string open_orders = "0";
  std::string unsettled_funds = "0";
  std::vector<PolymarketWithdrawal> pending_withdrawals;
  std::string margin_requirement = "0";
  Presence reservation_presence = Presence::kPresent;
  std::string balance_reservation = "0";
  // More fields: a name and the JSON text of its value.
  std::vector<std::pair<std::string, std::string>> extra_fields;
};

struct PolymarketLedger {
  std::vector<PolymarketRow> rows;
};

enum class Tier : std::uint8_t { kFree, kPro, kProPlus, kEnterprise };

struct PolysimLedger {
  // Cash that no resting order has taken.
  std::string balance = "10000.00";
  std::string currency = "USD";
  std::string starting_balance = "10000.00";
  // Market value of the open positions.
  std::string position_value = "0.00";
  // Unset: balance + position_value.
  std::optional<std::string> total_value;
  // Unset: total_value - starting_balance.
  std::optional<std::string> unrealized_pnl;
  Tier tier = Tier::kPro;
  // False: the user has no account row, and balance answers 404 ACCOUNT_NOT_FOUND.
  bool account_exists = true;
};

// What a side begins with: figures that satisfy each venue's identity.
PolymarketLedger InitialPolymarketLedger();
PolysimLedger InitialPolysimLedger();

// The JSON number that `balance` or the like may hold: kInvalidInput, naming `field`, if not.
Result<void> CheckAmount(const std::string& field, const std::string& text);
Result<void> Check(const PolymarketLedger& ledger);
Result<void> Check(const PolysimLedger& ledger);

// a + b and a - b as decimal text. REQUIRES: both passed CheckAmount().
std::string Plus(const std::string& a, const std::string& b);
std::string Minus(const std::string& a, const std::string& b);

// The figures that an unset field stands for. REQUIRES: Check() passed.
std::string BuyingPower(const PolymarketRow& row);
std::string TotalValue(const PolysimLedger& ledger);
std::string UnrealizedPnl(const PolysimLedger& ledger);

// A fresh API wallet of that tier: "10000.00" for Pro, "25000.00" for Pro+.
std::string TierBaseline(Tier tier);

}  // namespace balance::sandbox
