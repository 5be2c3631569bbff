#include "clients/polysimulator/parse_balance.h"

#include <optional>

#include "clients/polysimulator/balance_parser.h"
#include "clients/polysimulator/venue.h"
#include "clients/venue/reply_document.h"

namespace balance::polysimulator {

Result<ParsedBalances> ParseBalance(std::string_view body,
                                    std::span<const std::string_view> secrets) {
  const std::optional<JsonValue> reply = ReadReply(body, secrets);
  if (!reply) {
    return MalformedReply(kName, "the body is not one complete JSON object");
  }
  return BalanceParser().Parse(*reply);
}

}  // namespace balance::polysimulator
