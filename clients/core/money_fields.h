#pragma once

// The amounts of a CurrencyBalance. This list is the only one: the members of the struct, the table
// kMoneyFields and the encoder are made from it, balancectl shows what it names, and a test holds
// it against the fields of balance.v1.CurrencyBalance, in their order.

#include <cstdint>

namespace balance {

// What an amount says about whether there is money.
enum class MoneyKind : std::uint8_t {
  // There is money, or it is on its way, committed or owed: an account that holds nothing has zero.
  kHolding,
  // The amount is about the past, and need not be zero when nothing is held any more.
  kRecord,
};

// FIELD(member and field of balance.v1, MoneyKind). The meaning of each is documented at
// CurrencyBalance in balance_service.proto.
#define BALANCE_MONEY_FIELDS(FIELD)    \
  FIELD(cash, kHolding)                \
  FIELD(available_to_trade, kHolding)  \
  FIELD(equity, kHolding)              \
  FIELD(position_value, kHolding)      \
  FIELD(position_notional, kHolding)   \
  FIELD(position_collateral, kHolding) \
  FIELD(open_orders, kHolding)         \
  FIELD(margin_requirement, kHolding)  \
  FIELD(unsettled, kHolding)           \
  FIELD(pending_credit, kHolding)      \
  FIELD(reserved, kHolding)            \
  FIELD(withdrawable, kHolding)        \
  FIELD(starting_capital, kRecord)     \
  FIELD(total_pnl, kRecord)

}  // namespace balance
