#include "clients/venue/parsed_balances.h"

#include <algorithm>
#include <string>

namespace balance {

tl::unexpected<Error> MalformedReply(std::string_view venue, std::string_view what) {
  std::string message(venue);
  message.append(" answered 200, but ").append(what);
  message.append("; if this lasts, check base_url and any proxy on the way.");
  return Fail(ErrorKind::kReplyInvalid, std::move(message));
}

void AddCurrencyWarnings(const std::vector<CurrencyBalance>& balances,
                         std::vector<Warning>& warnings) {
  const auto any = [&](auto has) { return std::any_of(balances.begin(), balances.end(), has); };
  if (any([](const CurrencyBalance& row) { return row.currency_code.empty(); })) {
    warnings.push_back({WarningKind::kCurrencyMissing,
                        "The upstream sent a balance without a currency; it is in no total."});
  }
  if (any([](const CurrencyBalance& row) { return row.is_currency_unrecognized; })) {
    warnings.push_back({WarningKind::kCurrencyUnrecognized,
                        "The upstream sent a balance whose currency is not a code of 1 to 12 "
                        "letters and digits; it is in no total."});
  }
}

}  // namespace balance
