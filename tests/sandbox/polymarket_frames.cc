#include "tests/sandbox/polymarket_frames.h"

#include <cctype>

#include "tests/sandbox/json_text.h"
#include "tests/sandbox/polymarket_body.h"

namespace balance::sandbox {
namespace {

bool IsFlat(SocketNames names) {
  return names == SocketNames::kSubscription || names == SocketNames::kLegacy;
}

// JSON text with its names in snake_case. Only a name is letters between a quote and `":`.
std::string WithSnakeNames(const std::string& json) {
  std::string snake;
  std::size_t at = 0;
  while (at < json.size()) {
    snake += json[at];
    if (json[at++] != '"') continue;
    std::size_t end = at;
    while (end < json.size() && std::isalnum(static_cast<unsigned char>(json[end]))) ++end;
    const bool is_name = json.compare(end, 2, "\":") == 0;
    for (; at < end; ++at) {
      const auto c = static_cast<unsigned char>(json[at]);
      if (is_name && std::isupper(c)) snake += '_';
      snake += is_name ? static_cast<char>(std::tolower(c)) : json[at];
    }
  }
  return snake;
}

std::string Enveloped(const std::string& request_id, const char* name, const std::string& payload,
                      const PolymarketSwitches& switches) {
  JsonObject frame;
  frame.Text("requestId", request_id);
  frame.Text("subscriptionType", kBalanceSubscription);
  frame.Raw(name, payload);
  if (switches.socket_empty_error) frame.Text("error", "");
  const std::string text = frame.Take();
  return switches.socket_names == SocketNames::kSnakeCase ? WithSnakeNames(text) : text;
}

std::string FlatBalance(const PolymarketRow& row) {
  JsonObject object;
  object.Raw("balance", row.current_balance);
  object.Raw("buyingPower", BuyingPower(row));
  return object.Take();
}

// The vendor's kind of ledger entry, as far as the figures tell it.
std::string EntryType(const BalanceChange& change) {
  const std::string type = "LEDGER_ENTRY_TYPE_";
  if (!change.before || !change.after) return type + "UNDEFINED";
  const PolymarketRow& before = *change.before;
  const PolymarketRow& after = *change.after;
  if (after.pending_withdrawals.size() < before.pending_withdrawals.size()) {
    return type + "WITHDRAWAL";
  }
  if (before.pending_credit != "0" && after.pending_credit == "0") return type + "DEPOSIT";
  return type + (after.current_balance == before.current_balance ? "UNDEFINED" : "ORDER_EXECUTION");
}

std::string Change(const BalanceChange& change, const PolymarketSwitches& switches) {
  const auto row = [&switches](const PolymarketRow* balance) {
    return balance && !switches.socket_nulls ? BalanceRow(*balance, switches) : "null";
  };
  JsonObject object;
  object.Raw("beforeBalance", row(change.before));
  object.Raw("afterBalance", row(change.after));
  object.Text("description", "");
  object.Raw("updateTime", switches.socket_nulls ? "null" : Quoted(change.time));
  object.Text("modifiedSecurityId", "");
  object.Text("entryType", EntryType(change));
  object.Text("accountName", "acct/main");
  object.Text("id", "chg-" + std::to_string(change.number));
  JsonObject update;
  update.Raw("balanceChange", object.Take());
  return update.Take();
}

}  // namespace

std::string SnapshotFrame(const std::string& request_id, const PolymarketLedger& ledger,
                          const PolymarketSwitches& switches) {
  if (!IsFlat(switches.socket_names)) {
    return Enveloped(request_id, "accountBalancesSnapshot", BalancesBody(ledger, switches),
                     switches);
  }
  const PolymarketRow row = ledger.rows.empty() ? PolymarketRow() : ledger.rows.front();
  return Enveloped(request_id, "accountBalanceSubscriptionSnapshot", FlatBalance(row), switches);
}

std::string UpdateFrame(const std::string& request_id, const BalanceChange& change,
                        const PolymarketSwitches& switches) {
  if (!IsFlat(switches.socket_names)) {
    return Enveloped(request_id, "accountBalancesUpdate", Change(change, switches), switches);
  }
  const char* name = switches.socket_names == SocketNames::kLegacy
                         ? "accountBalanceUpdate"
                         : "accountBalanceSubscriptionUpdate";
  const PolymarketRow& row = change.after ? *change.after : *change.before;
  return Enveloped(request_id, name, FlatBalance(row), switches);
}

std::string ErrorFrame(const std::string& request_id, const std::string& error,
                       const PolymarketSwitches& switches) {
  JsonObject frame;
  frame.Text("requestId", request_id);
  frame.Text("subscriptionType", kBalanceSubscription);
  frame.Text("error", error);
  const std::string text = frame.Take();
  return switches.socket_names == SocketNames::kSnakeCase ? WithSnakeNames(text) : text;
}

std::string HeartbeatFrame() { return R"({"heartbeat":{}})"; }

}  // namespace balance::sandbox
