#include "clients/polymarket_us/ledger_identity.h"

namespace balance::polymarket_us {
namespace {

Result<Decimal> BuyingPowerByFormula(const CurrencyBalance& balance) {
  auto result = Decimal::Add(balance.cash->value, balance.position_collateral->value);
  if (result) result = Decimal::Subtract(*result, balance.open_orders->value);
  if (result) result = Decimal::Subtract(*result, balance.margin_requirement->value);
  return result;
}

}  // namespace

bool KeepsLedgerIdentity(const CurrencyBalance& balance) {
  if (!balance.cash || !balance.position_collateral || !balance.open_orders ||
      !balance.margin_requirement || !balance.available_to_trade) {
    return true;
  }
  const auto expected = BuyingPowerByFormula(balance);
  return expected && Decimal::Compare(*expected, balance.available_to_trade->value) == 0;
}

}  // namespace balance::polymarket_us
