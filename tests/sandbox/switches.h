#pragma once

// How each side speaks: the variants seen in documentation, SDKs and live traffic. The defaults are
// the present forms.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace balance::sandbox {

// Body of a 401 about a signature or a timestamp, which nobody documents.
enum class AuthErrorStyle : std::uint8_t { kText, kJson, kGrpc, kEmpty };

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
  // 403 "error code: 1010" to a User-Agent that begins so.
  std::vector<std::string> blocked_user_agents = {"Python-urllib"};
};

}  // namespace balance::sandbox
