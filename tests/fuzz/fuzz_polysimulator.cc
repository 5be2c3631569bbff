// Any bytes as the body of a 200 of PolySimulator.

#include "clients/polysimulator/parse_balance.h"
#include "tests/fuzz/check_parsed.h"
#include "tests/fuzz/lines.h"

namespace balance::fuzz {
namespace {

void CheckWallet(const CurrencyBalance& wallet) {
  Require(wallet.cash && wallet.available_to_trade, "there is cash to trade with");
  Require(wallet.available_to_trade->value == wallet.cash->value, "all cash can be traded with");
  Require(wallet.equity.has_value() == wallet.position_value.has_value(),
          "positions are what the equity has beyond the cash");
  if (!wallet.equity) return;
  const auto equity = Decimal::Add(wallet.cash->value, wallet.position_value->value);
  Require(!equity || Decimal::Compare(*equity, wallet.equity->value) == 0,
          "cash and positions are the equity");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  static fuzz::LiteralMessages messages;
  const auto parsed = polysimulator::ParseBalance(fuzz::AsText(data, size), fuzz::kSecrets);
  fuzz::CheckParsed(parsed, messages);
  if (parsed) {
    fuzz::Require(parsed->balances.size() == 1, "there is one wallet");
    fuzz::CheckWallet(parsed->balances.front());
  }
  return 0;
}
