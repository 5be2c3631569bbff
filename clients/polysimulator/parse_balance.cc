#include "clients/polysimulator/parse_balance.h"

#include <optional>

#include "clients/json/parse_json.h"
#include "clients/polysimulator/balance_parser.h"
#include "clients/polysimulator/venue.h"

namespace balance::polysimulator {

Result<ParsedBalances> ParseBalance(std::string_view body) {
  const std::optional<JsonValue> reply = ParseJson(body);
  if (!reply || !reply->IsObject()) {
    return MalformedReply(kName, "the body is not one complete JSON object");
  }
  return BalanceParser().Parse(*reply);
}

}  // namespace balance::polysimulator
