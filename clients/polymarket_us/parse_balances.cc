#include "clients/polymarket_us/parse_balances.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "clients/json/parse_json.h"
#include "clients/polymarket_us/ledger_identity.h"
#include "clients/polymarket_us/row_parser.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/unmapped_fields.h"

namespace balance::polymarket_us {
namespace {

constexpr std::string_view kBalances = "balances";

// The rows of the reply, or why there are none; other members are named in `unmapped`.
Result<const JsonValue*> FindRows(const JsonValue& reply, UnmappedFields& unmapped) {
  const JsonValue* rows = nullptr;
  for (const JsonMember& member : reply.members) {
    if (member.name != kBalances) {
      unmapped.Drop(member.name);
      continue;
    }
    if (rows != nullptr) return MalformedReply(kName, "it has balances twice");
    rows = &member.value;
  }
  if (rows == nullptr || !rows->IsArray())
    return MalformedReply(kName, "it has no list of balances");
  if (rows->elements.size() > kMaxRows) {
    return MalformedReply(kName, "its list of balances is longer than can be true");
  }
  return rows;
}

bool HasCurrency(const std::vector<CurrencyBalance>& balances, const std::string& code) {
  return std::any_of(balances.begin(), balances.end(),
                     [&](const CurrencyBalance& balance) { return balance.currency_code == code; });
}

std::vector<Warning> WarningsOf(const std::vector<CurrencyBalance>& balances,
                                const UnmappedFields& unmapped) {
  std::vector<Warning> warnings;
  if (!std::all_of(balances.begin(), balances.end(), KeepsLedgerIdentity)) {
    warnings.push_back({WarningKind::kIdentityMismatch,
                        "buyingPower is not currentBalance + assetAvailable - openOrders - "
                        "marginRequirement."});
  }
  if (HasCurrency(balances, "")) warnings.push_back(CurrencyMissing());
  if (auto unknown = unmapped.ToWarning()) warnings.push_back(*std::move(unknown));
  return warnings;
}

}  // namespace

Result<ParsedBalances> ParseBalances(std::string_view body) {
  const std::optional<JsonValue> reply = ParseJson(body);
  if (!reply || !reply->IsObject()) {
    return MalformedReply(kName, "the body is not one complete JSON object");
  }
  UnmappedFields unmapped;
  const auto rows = FindRows(*reply, unmapped);
  if (!rows) return tl::unexpected<Error>(rows.error());

  ParsedBalances parsed;
  for (const JsonValue& row : (*rows)->elements) {
    auto balance = RowParser(unmapped).Parse(row);
    if (!balance) return tl::unexpected<Error>(std::move(balance.error()));
    if (!balance->currency_code.empty() && HasCurrency(parsed.balances, balance->currency_code)) {
      return MalformedReply(kName, "a currency has two balances");
    }
    parsed.balances.push_back(*std::move(balance));
  }
  parsed.warnings = WarningsOf(parsed.balances, unmapped);
  return parsed;
}

}  // namespace balance::polymarket_us
