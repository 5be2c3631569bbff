#include "clients/venue/upstream_amounts.h"

#include <algorithm>

#include "clients/json/read_decimal.h"

namespace balance {

const UpstreamAmount* FindAmount(std::span<const UpstreamAmount> amounts, std::string_view name) {
  const auto found =
      std::find_if(amounts.begin(), amounts.end(),
                   [&](const UpstreamAmount& amount) { return amount.name == name; });
  return found == amounts.end() ? nullptr : &*found;
}

bool TakeOver(const UpstreamAmount& amount, const JsonValue& value, CurrencyBalance& row,
              OddFields& odd) {
  const auto number = ReadDecimal(value);
  if (!number) {
    if (!amount.is_key) odd.NameUnreadable(amount.name);
    return !amount.is_key;
  }
  if (*number) row.*(amount.place) = Amount{**number, AmountOrigin::kReported, amount.name};
  return true;
}

}  // namespace balance
