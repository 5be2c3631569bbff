#include "clients/venue/parsed_balances.h"

#include <string>

namespace balance {

tl::unexpected<Error> MalformedReply(std::string_view venue, std::string_view what) {
  std::string message(venue);
  message.append(" answered 200, but ").append(what);
  message.append("; if this lasts, check base_url and any proxy on the way.");
  return Fail(ErrorKind::kReplyInvalid, std::move(message));
}

Warning CurrencyMissing() {
  return {WarningKind::kCurrencyMissing,
          "The upstream sent a balance without a currency; it is in no total."};
}

}  // namespace balance
