#include "tests/sandbox/money_mover.h"

#include <utility>
#include <vector>

#include "clients/core/decimal.h"
#include "tests/sandbox/encoding.h"

namespace balance::sandbox {
namespace {

constexpr std::size_t kMostRestingOrders = 5;

bool AtLeast(const std::string& a, const std::string& b) {
  const auto left = Decimal::Parse(a);
  const auto right = Decimal::Parse(b);
  return left && right && Decimal::Compare(*left, *right) >= 0;
}

bool IsZero(const std::string& amount) {
  const auto value = Decimal::Parse(amount);
  return value && value->IsZero();
}

// Takes the change only if it leaves buying power, cash and orders at zero or above.
bool Take(PolymarketRow& row, PolymarketRow changed) {
  for (const std::string& amount :
       {BuyingPower(changed), changed.current_balance, changed.open_orders,
        changed.margin_requirement, changed.balance_reservation}) {
    if (!AtLeast(amount, "0")) return false;
  }
  row = std::move(changed);
  return true;
}

}  // namespace

std::uint64_t MoneyMover::Below(std::uint64_t below) { return random_() % below; }

std::string MoneyMover::Amount(std::uint64_t whole, int decimals) {
  std::string text = std::to_string(Below(whole)) + ".";
  for (int i = 1; i < decimals; ++i) text += static_cast<char>('0' + Below(10));
  return text + static_cast<char>('1' + Below(9));
}

void MoneyMover::Step(PolymarketLedger& ledger, WallTime now) {
  for (PolymarketRow& row : ledger.rows) {
    if (!row.buying_power) Step(row, now);
  }
}

void MoneyMover::Step(PolymarketRow& row, WallTime now) {
  bool moved = false;
  switch (Below(8)) {
    case 0:
      moved = TryWithdrawal(row, now);
      break;
    case 1:
      moved = TryDeposit(row);
      break;
    case 2:
      moved = TryShort(row);
      break;
    default:
      moved = TryTrade(row);
      break;
  }
  if (!moved) row.current_balance = Plus(row.current_balance, Amount(40, 4));
  row.last_updated = Rfc3339(now);
}

bool MoneyMover::TryTrade(PolymarketRow& row) {
  const std::string amount = Amount(60, 4);
  PolymarketRow changed = row;
  switch (Below(4)) {
    case 0:  // an order rests
      changed.open_orders = Plus(row.open_orders, amount);
      break;
    case 1:  // part of the orders fills
      changed.open_orders = Minus(row.open_orders, amount);
      changed.current_balance = Minus(row.current_balance, amount);
      break;
    case 2:  // part of the orders is cancelled
      changed.open_orders = Minus(row.open_orders, amount);
      break;
    default:  // a position is sold
      changed.current_balance = Plus(row.current_balance, amount);
      break;
  }
  return Take(row, std::move(changed));
}

// Short contracts: the proceeds go to the cash, a dollar of margin is held for each.
bool MoneyMover::TryShort(PolymarketRow& row) {
  const std::uint64_t contracts = 1 + Below(10);
  const std::string margin = std::to_string(contracts);
  const std::string price = Amount(contracts, 4);
  const bool open = Below(2) == 0;
  PolymarketRow changed = row;
  changed.margin_requirement =
      open ? Plus(row.margin_requirement, margin) : Minus(row.margin_requirement, margin);
  changed.current_balance =
      open ? Plus(row.current_balance, price) : Minus(row.current_balance, price);
  return Take(row, std::move(changed));
}

// Asked for, acknowledged, paid out: one stage a step, one withdrawal at a time.
bool MoneyMover::TryWithdrawal(PolymarketRow& row, WallTime now) {
  PolymarketRow changed = row;
  if (row.pending_withdrawals.empty()) {
    PolymarketWithdrawal withdrawal;
    withdrawal.id = "wd-" + std::to_string(next_withdrawal_++);
    withdrawal.amount = Amount(80, 4);
    withdrawal.description = "ACH out";
    withdrawal.bank_id = "bank-77";
    withdrawal.creation_time = Rfc3339(now);
    withdrawal.destination_account_name = "Checking";
    changed.balance_reservation = Plus(row.balance_reservation, withdrawal.amount);
    if (!AtLeast(BuyingPower(row), withdrawal.amount)) return false;
    changed.pending_withdrawals.push_back(std::move(withdrawal));
  } else if (!row.pending_withdrawals.front().acknowledged) {
    changed.pending_withdrawals.front().acknowledged = true;
  } else {
    const std::string amount = row.pending_withdrawals.front().amount;
    changed.current_balance = Minus(row.current_balance, amount);
    changed.balance_reservation = Minus(row.balance_reservation, amount);
    changed.pending_withdrawals.erase(changed.pending_withdrawals.begin());
  }
  return Take(row, std::move(changed));
}

// Announced in one step, credited in another.
bool MoneyMover::TryDeposit(PolymarketRow& row) {
  if (IsZero(row.pending_credit)) {
    row.pending_credit = Amount(100, 4);
  } else {
    row.current_balance = Plus(row.current_balance, std::exchange(row.pending_credit, "0"));
  }
  return true;
}

void MoneyMover::Step(WalletBook<PolysimLedger>& wallets, OrderBook& orders,
                      const std::string& wallet) {
  PolysimLedger ledger = wallets.Get(wallet);
  if (!ledger.account_exists || ledger.total_value || ledger.unrealized_pnl) return;
  const std::string amount = Amount(60, 2);
  const std::vector<std::string> resting = orders.Resting(wallet);
  switch (Below(5)) {
    case 0:
      if (resting.size() < kMostRestingOrders && orders.Place(wallet, amount)) return;
      break;
    case 1:
      if (!resting.empty() && orders.Fill(resting.front())) return;
      break;
    case 2:
      if (!resting.empty() && orders.Cancel(resting.front())) return;
      break;
    case 3:  // positions lose
      if (!AtLeast(ledger.position_value, amount)) break;
      ledger.position_value = Minus(ledger.position_value, amount);
      wallets.Set(wallet, std::move(ledger));
      return;
    default:  // a part of the positions is sold
      if (!AtLeast(ledger.position_value, amount)) break;
      ledger.position_value = Minus(ledger.position_value, amount);
      ledger.balance = Plus(ledger.balance, amount);
      wallets.Set(wallet, std::move(ledger));
      return;
  }
  ledger.position_value = Plus(ledger.position_value, amount);
  wallets.Set(wallet, std::move(ledger));
}

}  // namespace balance::sandbox
