#pragma once

// The fields of what travels over the control endpoint, each named once for reading and writing.
// A visitor is called as visit(name, field).

#include <array>
#include <string_view>

#include "clients/core/clock.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/fault.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/socket_fault.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

// The words for an enumeration's values, in their order.
template <typename Enum>
inline constexpr std::array<std::string_view, 0> kEnumWords{};
template <>
inline constexpr std::array<std::string_view, 4> kEnumWords<AuthErrorStyle> = {"text", "json",
                                                                               "grpc", "empty"};
template <>
inline constexpr std::array<std::string_view, 10> kEnumWords<Envelope> = {
    "http_status", "april_codes", "detail_only",  "human_text",   "plain",
    "verbose",     "upgrade",     "fastapi_text", "fastapi_list", "fastapi_object"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumWords<HealthMode> = {"ok", "degraded",
                                                                           "failing"};
template <>
inline constexpr std::array<std::string_view, 4> kEnumWords<KeyState> = {
    "active", "expired", "deactivated", "forbidden"};
template <>
inline constexpr std::array<std::string_view, 4> kEnumWords<Tier> = {"free", "pro", "pro_plus",
                                                                     "enterprise"};
template <>
inline constexpr std::array<std::string_view, 11> kEnumWords<FaultKind> = {
    "pass", "reply", "truncated", "cut_chunked", "slow_body", "stall_body",
    "raw",  "hang",  "reset",     "close",       "unasked"};

template <>
inline constexpr std::array<std::string_view, 4> kEnumWords<SocketNames> = {
    "current", "snake_case", "subscription", "legacy"};
template <>
inline constexpr std::array<std::string_view, 3> kEnumWords<FillFrames> = {"fill", "execution",
                                                                           "nested"};
template <>
inline constexpr std::array<std::string_view, 9> kEnumWords<SocketFaultKind> = {
    "silence", "freeze", "text", "binary", "raw", "flood", "close", "drop", "reset"};

// balanceReservation: an amount, null or "absent".
struct Reservation {
  Presence& presence;
  std::string& amount;
};

template <typename Visitor>
void VisitFields(PolymarketSwitches& switches, Visitor& visit) {
  visit("newer_fields", switches.newer_fields);
  visit("unknown_field", switches.unknown_field);
  visit("health_route", switches.health_route);
  visit("auth_error_style", switches.auth_error_style);
  visit("requests_per_second", switches.requests_per_second);
  visit("socket_names", switches.socket_names);
  visit("socket_empty_error", switches.socket_empty_error);
  visit("socket_nulls", switches.socket_nulls);
  visit("socket_heartbeat_ms", switches.socket_heartbeat);
  visit("sockets_per_key", switches.sockets_per_key);
  visit("blocked_user_agents", switches.blocked_user_agents);
}

template <typename Visitor>
void VisitFields(PolysimSwitches& switches, Visitor& visit) {
  visit("old_schema", switches.old_schema);
  visit("json_numbers", switches.json_numbers);
  visit("missing_total_value", switches.missing_total_value);
  visit("broken_identity", switches.broken_identity);
  visit("envelope", switches.envelope);
  visit("code_header", switches.code_header);
  visit("separate_key_codes", switches.separate_key_codes);
  visit("legacy_missing_key", switches.legacy_missing_key);
  visit("accept_jwt", switches.accept_jwt);
  visit("beta_cutoff", switches.beta_cutoff);
  visit("fail_open", switches.fail_open);
  visit("concurrent_requests", switches.concurrent_requests);
  visit("requests_per_second", switches.requests_per_second);
  visit("edge_outage", switches.edge_outage);
  visit("health", switches.health);
  visit("fill_frames", switches.fill_frames);
  visit("text_order_ids", switches.text_order_ids);
  visit("token_field", switches.token_field);
  visit("token_lifetime_ms", switches.token_lifetime);
  visit("sockets_per_key", switches.sockets_per_key);
  visit("blocked_user_agents", switches.blocked_user_agents);
}

template <typename Visitor>
void VisitFields(PolymarketWithdrawal& withdrawal, Visitor& visit) {
  visit("id", withdrawal.id);
  visit("name", withdrawal.name);
  visit("balance", withdrawal.amount);
  visit("description", withdrawal.description);
  visit("acknowledged", withdrawal.acknowledged);
  visit("bankId", withdrawal.bank_id);
  visit("creationTime", withdrawal.creation_time);
  visit("destinationAccountName", withdrawal.destination_account_name);
}

template <typename Visitor>
void VisitFields(PolymarketRow& row, Visitor& visit) {
  visit("currency", row.currency);
  visit("currentBalance", row.current_balance);
  visit("lastUpdated", row.last_updated);
  visit("buyingPower", row.buying_power);
  visit("assetNotional", row.asset_notional);
  visit("assetAvailable", row.asset_available);
  visit("pendingCredit", row.pending_credit);
  visit("openOrders", row.open_orders);
  visit("unsettledFunds", row.unsettled_funds);
  visit("pendingWithdrawals", row.pending_withdrawals);
  visit("marginRequirement", row.margin_requirement);
  Reservation reservation{row.reservation_presence, row.balance_reservation};
  visit("balanceReservation", reservation);
  visit("extra_fields", row.extra_fields);
}

template <typename Visitor>
void VisitFields(PolymarketLedger& ledger, Visitor& visit) {
  visit("rows", ledger.rows);
}

template <typename Visitor>
void VisitFields(PolysimLedger& ledger, Visitor& visit) {
  visit("balance", ledger.balance);
  visit("currency", ledger.currency);
  visit("starting_balance", ledger.starting_balance);
  visit("position_value", ledger.position_value);
  visit("total_value", ledger.total_value);
  visit("unrealized_pnl", ledger.unrealized_pnl);
  visit("tier", ledger.tier);
  visit("account_exists", ledger.account_exists);
}

template <typename Visitor>
void VisitFields(Fault& fault, Visitor& visit) {
  visit("kind", fault.kind);
  visit("status", fault.status);
  visit("headers", fault.headers);
  visit("body", fault.body);
  visit("delay_ms", fault.delay);
  visit("drip_ms", fault.drip);
  visit("count", fault.count);
  visit("path", fault.path);
  visit("key", fault.key);
  visit("reused_connection_only", fault.reused_connection_only);
}

template <typename Visitor>
void VisitFields(SocketFault& fault, Visitor& visit) {
  visit("kind", fault.kind);
  visit("body", fault.body);
  visit("size", fault.size);
  visit("frames", fault.frames);
  visit("code", fault.code);
  visit("reason", fault.reason);
  visit("delay_ms", fault.delay);
  visit("count", fault.count);
  visit("path", fault.path);
  visit("key", fault.key);
}

template <typename Visitor>
void VisitFields(PolymarketKey& key, Visitor& visit) {
  visit("key_id", key.key_id);
  visit("secret_key", key.secret_key);
  visit("wallet", key.wallet);
}

template <typename Visitor>
void VisitFields(PolysimKey& key, Visitor& visit) {
  visit("api_key", key.api_key);
  visit("wallet", key.wallet);
  visit("state", key.state);
}

}  // namespace balance::sandbox
