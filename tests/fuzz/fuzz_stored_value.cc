// What lies in Redis under a seal that opens: written by this release, another one or nobody.

#include <string>

#include "clients/redis/reading_codec.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

void CheckAmount(const OptionalAmount& amount) {
  if (!amount) return;
  Require(IsPlainDecimal(amount->value.ToString()), "an amount is a plain number");
}

void CheckReading(const StoredReading& stored) {
  Require(stored.reading.observe_time == ToWallTime(stored.observed), "it says when it was seen");
  for (const CurrencyBalance& balance : stored.reading.balances) {
    for (const MoneyField& field : kMoneyFields) CheckAmount(balance.*(field.place));
    for (const PendingWithdrawal& withdrawal : balance.pending_withdrawals) {
      CheckAmount(withdrawal.amount);
    }
  }
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  using namespace balance::fuzz;
  const DecodedValue decoded = DecodeStored(AsText(data, size));
  Require(decoded.value.has_value() == (decoded.fault == StoredFault::kNone), "a value or a fault");
  if (!decoded.value) return 0;
  if (const auto* reading = std::get_if<StoredReading>(&*decoded.value)) CheckReading(*reading);
  const std::string plain = EncodeStored(*decoded.value, decoded.by);
  const DecodedValue again = DecodeStored(plain);
  Require(again.value.has_value(), "what was taken can be stored again");
  Require(EncodeStored(*again.value, again.by) == plain, "and comes back the same");
  return 0;
}
