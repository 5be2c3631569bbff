// Any bytes as the body of a 200 of Polymarket US.

#include "clients/polymarket_us/parse_balances.h"
#include "tests/fuzz/check_parsed.h"
#include "tests/fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  static fuzz::LiteralMessages messages;
  const auto parsed = polymarket_us::ParseBalances(fuzz::AsText(data, size), fuzz::kSecrets);
  fuzz::CheckParsed(parsed, messages);
  if (parsed) {
    fuzz::Require(parsed->balances.size() <= polymarket_us::kMaxRows, "rows are bounded");
    for (const CurrencyBalance& row : parsed->balances) {
      fuzz::Require(!row.equity && !row.position_value, "the venue reports no equity");
    }
  }
  return 0;
}
