#pragma once

// How each side speaks: the variants seen in documentation, SDKs and live traffic. The defaults are
// the present forms.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"

namespace balance::sandbox {

// Body of a 401 about a signature or a timestamp, which nobody documents.
enum class AuthErrorStyle : std::uint8_t { kText, kJson, kGrpc, kEmpty };

// The generations of names in Polymarket's socket frames. kCurrent is the present one.
enum class SocketNames : std::uint8_t {
  // accountBalancesSnapshot, accountBalancesUpdate
  kCurrent,
  // The same in snake_case, as the vendor's overview page writes frames.
  kSnakeCase,
  // accountBalanceSubscriptionSnapshot and accountBalanceSubscriptionUpdate: a flat balance and
  // buyingPower.
  kSubscription,
  // As kSubscription, but updates are called accountBalanceUpdate.
  kLegacy,
};

struct PolymarketSwitches {
  // The fields that appeared in September 2026: availableToWithdraw and its kin.
  bool newer_fields = true;
  // A nested field that no document mentions, in every row.
  bool unknown_field = false;
  // An open GET /v1/health.
  bool health_route = false;
  AuthErrorStyle auth_error_style = AuthErrorStyle::kText;
  // Most requests of a key in any sliding second; 0: no limit.
  int requests_per_second = 20;
  SocketNames socket_names = SocketNames::kCurrent;
  // "error":"" in socket frames that are no errors, as unset fields are emitted.
  bool socket_empty_error = true;
  // null for beforeBalance, afterBalance and updateTime in updates.
  bool socket_nulls = false;
  // Heartbeat frames; zero: none. The vendor names no interval.
  Duration socket_heartbeat = std::chrono::seconds(15);
  // Most open sockets of a key, more are refused with 429; 0: no limit.
  int sockets_per_key = 0;
  // 403 with a page of HTML to a User-Agent that begins so.
  std::vector<std::string> blocked_user_agents = {"Python-urllib"};
};

// The generations of PolySimulator's error bodies. kPlain is the present one.
enum class Envelope : std::uint8_t {
  // {"error":"HTTP_401","message":...,"request_id":...}
  kHttpStatus,
  // {"error":CODE,"message":...,"details":...} with the names of April 2026
  kAprilCodes,
  // {"detail":"..."}, no code anywhere
  kDetailOnly,
  // {"error":"prose"}, the code in X-Polysim-Code alone
  kHumanText,
  // {"error":CODE,"message":...} and X-Polysim-Code; with X-Polysim-Verbose: true also details and
  // request_id
  kPlain,
  // As kPlain, always verbose
  kVerbose,
  // As kPlain, and feature_key and upgrade_url
  kUpgrade,
  // {"detail":...}: a string, a list of {loc,msg,type}, an object
  kFastApiText,
  kFastApiList,
  kFastApiObject,
};

enum class HealthMode : std::uint8_t { kOk, kDegraded, kFailing };

// The generations of PolySimulator's fills on /v1/ws/executions. kFill is the present one.
enum class FillFrames : std::uint8_t {
  // {"type":"fill",...,"filled_at":...}; pongs say "ts"
  kFill,
  // {"type":"execution",...,"status":"FILLED","timestamp":...}; pongs say "timestamp"
  kExecution,
  // {"type":"execution","data":{...}}
  kNested,
};

struct PolysimSwitches {
  // The shape before April 2026: user_id, pnl, pnl_percent, no total_value.
  bool old_schema = false;
  // Amounts as JSON numbers.
  bool json_numbers = false;
  bool missing_total_value = false;
  // unrealized_pnl is one off.
  bool broken_identity = false;
  Envelope envelope = Envelope::kPlain;
  // Sent as X-Polysim-Code instead of the true code, so that header and body disagree.
  std::string code_header;
  // KEY_EXPIRED and KEY_DEACTIVATED instead of INVALID_KEY for both.
  bool separate_key_codes = false;
  // 422 instead of 401 without a key, as in April 2026.
  bool legacy_missing_key = false;
  // A bearer token in three parts is taken as the session of the wallet "main".
  bool accept_jwt = false;
  // X-API-Beta-Cutoff: expired on every reply, and the free tier's limits.
  bool beta_cutoff = false;
  // The limiter lost its Redis: no limit and no rate headers.
  bool fail_open = false;
  // Most requests of a key at once; 0: no limit.
  int concurrent_requests = 20;
  // Instead of the tier's; 0: the tier's. A negative number: no limit, headers stay.
  int requests_per_second = 0;
  // The backend is deregistered: a bare 404 for every path.
  bool edge_outage = false;
  HealthMode health = HealthMode::kOk;
  FillFrames fill_frames = FillFrames::kFill;
  // order_id as a string.
  bool text_order_ids = false;
  // The field that holds a socket's token.
  std::string token_field = "token";
  Duration token_lifetime = std::chrono::seconds(60);
  // Most open sockets of a key, instead of the tier's; 0: the tier's. A negative number: no limit.
  int sockets_per_key = 0;
  // 403 "error code: 1010" to a User-Agent that begins so.
  std::vector<std::string> blocked_user_agents = {"Python-urllib"};
};

}  // namespace balance::sandbox
