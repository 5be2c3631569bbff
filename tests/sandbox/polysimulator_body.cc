#include "tests/sandbox/polysimulator_body.h"

#include "tests/sandbox/json_text.h"

namespace balance::sandbox {

std::string BalanceBody(const PolysimLedger& ledger, const PolysimSwitches& switches) {
  JsonObject body;
  const auto add = [&body, &switches](const char* name, const std::string& amount) {
    if (switches.json_numbers) {
      body.Raw(name, amount);
    } else {
      body.Text(name, amount);
    }
  };
  std::string pnl = UnrealizedPnl(ledger);
  if (switches.broken_identity) pnl = Plus(pnl, "1.00");
  if (switches.old_schema) body.Raw("user_id", "418");
  add("balance", ledger.balance);
  body.Text("currency", ledger.currency);
  add("starting_balance", ledger.starting_balance);
  if (switches.old_schema) {
    // Cash against capital; unrealized_pnl meant open positions then, whose cost is not kept here.
    add("pnl", Minus(ledger.balance, ledger.starting_balance));
    add("pnl_percent", "0.00");
    add("unrealized_pnl", "4.25");
  } else {
    add("unrealized_pnl", pnl);
    if (!switches.missing_total_value) add("total_value", TotalValue(ledger));
  }
  return body.Take();
}

}  // namespace balance::sandbox
