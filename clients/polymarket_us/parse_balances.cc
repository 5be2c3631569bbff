#include "clients/polymarket_us/parse_balances.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "clients/polymarket_us/ledger_identity.h"
#include "clients/polymarket_us/row_parser.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/currency_code.h"
#include "clients/venue/odd_fields.h"
#include "clients/venue/reply_document.h"

namespace balance::polymarket_us {
namespace {

constexpr std::string_view kBalances = "balances";

// The rows of the reply, or why there are none; other members are named in `odd`.
Result<const JsonValue*> FindRows(const JsonValue& reply, OddFields& odd) {
  const JsonValue* rows = nullptr;
  for (const JsonMember& member : reply.members) {
    if (member.name != kBalances) {
      odd.NameUnknown(member.name);
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

std::vector<Warning> WarningsOf(const std::vector<CurrencyBalance>& balances,
                                const OddFields& odd) {
  std::vector<Warning> warnings;
  if (!std::all_of(balances.begin(), balances.end(), KeepsLedgerIdentity)) {
    warnings.push_back({WarningKind::kIdentityMismatch,
                        "buyingPower is not currentBalance + assetAvailable - openOrders - "
                        "marginRequirement."});
  }
  AddCurrencyWarnings(balances, warnings);
  odd.AddWarnings(warnings);
  return warnings;
}

}  // namespace

Result<ParsedBalances> ParseBalances(std::string_view body,
                                     std::span<const std::string_view> secrets) {
  const std::optional<JsonValue> reply = ReadReply(body, secrets);
  if (!reply) {
    return MalformedReply(kName, "the body is not one complete JSON object");
  }
  OddFields odd;
  const auto rows = FindRows(*reply, odd);
  if (!rows) return tl::unexpected<Error>(rows.error());

  ParsedBalances parsed;
  for (const JsonValue& row : (*rows)->elements) {
    auto balance = RowParser(odd).Parse(row);
    if (!balance) return tl::unexpected<Error>(std::move(balance.error()));
    if (std::any_of(parsed.balances.begin(), parsed.balances.end(),
                    [&](const auto& before) { return HaveSameCurrency(before, *balance); })) {
      return MalformedReply(kName, "a currency has two balances");
    }
    parsed.balances.push_back(*std::move(balance));
  }
  parsed.warnings = WarningsOf(parsed.balances, odd);
  return parsed;
}

}  // namespace balance::polymarket_us
