#include "tests/sandbox/polysimulator_venue.h"

#include <limits>
#include <utility>

#include "tests/sandbox/encoding.h"
#include "tests/sandbox/json_text.h"
#include "tests/sandbox/polysimulator_body.h"
#include "tests/sandbox/user_agent.h"

namespace balance::sandbox {
namespace {

constexpr std::string_view kBalance = "/v1/account/balance";
constexpr std::string_view kReset = "/v1/account/reset-api-balance";

constexpr std::string_view kToken = "/v1/keys/ws-token";
constexpr std::string_view kExecutions = "/v1/ws/executions";
constexpr std::string_view kUser = "/v1/ws/user";

// What needs an API key.
bool IsKeyPath(const HttpCall& call) {
  return call.path == kBalance || call.path == kReset || call.path == kToken;
}

bool IsSocketPath(const HttpCall& call) { return call.path == kExecutions || call.path == kUser; }

HttpReply AnswerUpgrade(const HttpCall& call) {
  if (IsWebSocketUpgrade(call)) return {101, {}, {}};
  return JsonReply(404, R"({"detail":"This is a WebSocket; connect with wss:// and a token"})");
}

std::string TiersBody() {
  JsonObject tiers;
  for (const Tier tier : {Tier::kFree, Tier::kPro, Tier::kProPlus, Tier::kEnterprise}) {
    const TierLimits limits = LimitsOf(tier);
    JsonObject entry;
    entry.Raw("requests_per_second", std::to_string(limits.per_second));
    entry.Raw("requests_per_minute", std::to_string(limits.per_minute));
    tiers.Raw(TierName(tier), entry.Take());
  }
  JsonObject body;
  body.Raw("tiers", tiers.Take());
  return body.Take();
}

HttpReply Readiness(HealthMode mode) {
  const bool ok = mode == HealthMode::kOk;
  JsonObject body;
  body.Text("status", ok ? "ok" : "degraded");
  body.Text("database", "ok");
  body.Text("redis", ok ? "ok" : "error");
  return JsonReply(mode == HealthMode::kFailing ? 503 : 200, body.Take());
}

void Append(std::vector<Header>& headers, std::vector<Header> more) {
  headers.insert(headers.end(), more.begin(), more.end());
}

}  // namespace

PolysimulatorVenue::PolysimulatorVenue(const Clock& clock, const SideClock& side_clock)
    : clock_(side_clock),
      wallets_(clock, InitialPolysimLedger(),
               [this](const PolysimLedger& ledger) { return BalanceBody(ledger, switches_); }),
      orders_(wallets_),
      sockets_(
          side_clock, switches_, [this](const std::string& key) { return CallerOfKey(key); },
          [this](const std::string& wallet) { return SocketLimit(wallet); }) {
  orders_.ObserveFills([this](const OrderFill& fill) { sockets_.OnFill(fill); });
}

Caller PolysimulatorVenue::Identify(const HttpCall& call) {
  if (IsSocketPath(call)) {
    const std::string_view token = call.QueryValue("token");
    Caller caller = tokens_.Find(token, clock_.SteadyNow()).value_or(Caller());
    // A key may yet come in the first message.
    if (call.path == kUser && token.empty()) caller.authenticated = true;
    return caller;
  }
  PolysimulatorVerdict verdict = auth_.Judge(call, switches_);
  Caller caller;
  caller.key = std::move(verdict.key);
  caller.credential = std::move(verdict.credential);
  caller.wallet = std::move(verdict.wallet);
  caller.authenticated = !verdict.refusal || !IsKeyPath(call);
  return caller;
}

HttpReply PolysimulatorVenue::Answer(const HttpCall& call, const Caller& caller, int in_flight) {
  if (switches_.edge_outage) return TextReply(404, "404 page not found\n");
  if (UserAgentIsBlocked(call, switches_.blocked_user_agents)) {
    return TextReply(403, "error code: 1010");
  }
  const std::string request_id = "req-" + RandomHex(8);
  HttpReply reply = IsKeyPath(call) ? Account(call, caller, in_flight, request_id) : Public(call);
  reply.headers.push_back({"X-Request-Id", request_id});
  if (switches_.beta_cutoff) reply.headers.push_back({"X-API-Beta-Cutoff", "expired"});
  return reply;
}

HttpReply PolysimulatorVenue::Public(const HttpCall& call) const {
  if (IsSocketPath(call)) return AnswerUpgrade(call);
  const bool get = call.method == "GET";
  if (get && (call.path == "/v1/health" || call.path == "/v1/status")) {
    JsonObject body;
    body.Text("status", "ok");
    body.Text("timestamp", Rfc3339(clock_.WallNow()));
    body.Text("version", "1.0.0");
    return JsonReply(200, body.Take());
  }
  if (get && call.path == "/v1/health/live") return JsonReply(200, R"({"status":"ok"})");
  if (get && call.path == "/v1/health/ready") return Readiness(switches_.health);
  if (get && call.path == "/v1/keys/tiers") return JsonReply(200, TiersBody());
  return JsonReply(404, R"({"detail":"Not Found"})");
}

HttpReply PolysimulatorVenue::Account(const HttpCall& call, const Caller& caller, int in_flight,
                                      const std::string& request_id) {
  if (auto refusal = auth_.Judge(call, switches_).refusal) {
    if (call.path == kToken && refusal->code == "MISSING_AUTH") refusal->code = "MISSING_API_KEY";
    return Refuse(call, *refusal, request_id);
  }
  const int cap = switches_.concurrent_requests;
  if (cap > 0 && in_flight > cap) {
    return Refuse(call, {429, "RATE_LIMIT_EXCEEDED", "Too many concurrent requests", 1},
                  request_id);
  }
  if (switches_.fail_open) return Route(call, caller, request_id);
  const Tier tier = switches_.beta_cutoff ? Tier::kFree : wallets_.Get(caller.wallet).tier;
  const TierLimits limits = Limits(tier);
  const LimitVerdict verdict = limiter_.Take(caller.credential, limits, clock_.WallNow());
  HttpReply reply;
  if (verdict.allowed) {
    reply = Route(call, caller, request_id);
  } else {
    const std::string message =
        "Rate limit exceeded. Retry after " + std::to_string(verdict.retry_after) + "s.";
    reply = Refuse(call, {429, "RATE_LIMIT_EXCEEDED", message, verdict.retry_after}, request_id);
  }
  Append(reply.headers, PolysimulatorLimiter::Headers(tier, limits, verdict));
  return reply;
}

HttpReply PolysimulatorVenue::Route(const HttpCall& call, const Caller& caller,
                                    const std::string& request_id) {
  const bool balance = call.path == kBalance;
  if (call.method != (balance ? "GET" : "POST")) {
    return JsonReply(405, R"({"detail":"Method Not Allowed"})");
  }
  if (call.path == kToken) return IssueToken(caller);
  if (!wallets_.Get(caller.wallet).account_exists) {
    return Refuse(call, {404, "ACCOUNT_NOT_FOUND", "No account record", 0}, request_id);
  }
  return balance ? JsonReply(200, wallets_.Body(caller.wallet)) : Reset(call, caller, request_id);
}

HttpReply PolysimulatorVenue::IssueToken(const Caller& caller) {
  const Duration lifetime = switches_.token_lifetime;
  JsonObject body;
  body.Text(switches_.token_field, tokens_.Issue(caller, clock_.SteadyNow() + lifetime));
  body.Raw("expires_in", std::to_string(lifetime / std::chrono::seconds(1)));
  return JsonReply(200, body.Take());
}

std::unique_ptr<SocketSession> PolysimulatorVenue::OpenSocket(const HttpCall& call,
                                                              const Caller& /*caller*/,
                                                              SocketPeer& peer) {
  const std::string_view token = call.QueryValue("token");
  const std::optional<Caller> owner = tokens_.Take(token, clock_.SteadyNow());
  if (call.path == kUser) return sockets_.OpenUser(owner, !token.empty(), peer);
  return sockets_.OpenExecutions(owner, peer);
}

std::optional<Caller> PolysimulatorVenue::CallerOfKey(const std::string& api_key) const {
  HttpCall call;
  call.headers = {{"X-API-Key", api_key}};
  PolysimulatorVerdict verdict = auth_.Judge(call, switches_);
  if (verdict.refusal) return std::nullopt;
  return Caller{verdict.key, verdict.credential, verdict.wallet, {}, true};
}

int PolysimulatorVenue::SocketLimit(const std::string& wallet) const {
  if (switches_.sockets_per_key != 0) return switches_.sockets_per_key;
  return LimitsOf(switches_.beta_cutoff ? Tier::kFree : wallets_.Get(wallet).tier).sockets;
}

HttpReply PolysimulatorVenue::Reset(const HttpCall& call, const Caller& caller,
                                    const std::string& request_id) {
  PolysimLedger ledger = wallets_.Get(caller.wallet);
  if (ledger.tier == Tier::kFree) {
    PolysimSwitches switches = switches_;
    switches.envelope = Envelope::kUpgrade;
    return ErrorReply({402, "UPGRADE_REQUIRED", "A reset needs a paid plan", 0}, switches,
                      call.HeaderValue("X-Polysim-Verbose") == "true", request_id);
  }
  const bool had_positions = ledger.position_value.find_first_of("123456789") != std::string::npos;
  PolysimLedger fresh;
  fresh.tier = ledger.tier;
  fresh.balance = fresh.starting_balance = TierBaseline(ledger.tier);
  orders_.Drop(caller.wallet);
  wallets_.Set(caller.wallet, fresh);
  JsonObject body;
  body.Text("message", "API wallet reset");
  body.Text("new_api_balance", fresh.balance);
  body.Raw("positions_closed", had_positions ? "1" : "0");
  body.Raw("cooldown_days", "0");
  return JsonReply(200, body.Take());
}

HttpReply PolysimulatorVenue::Refuse(const HttpCall& call, const PolysimulatorError& error,
                                     const std::string& request_id) const {
  return ErrorReply(error, switches_, call.HeaderValue("X-Polysim-Verbose") == "true", request_id);
}

TierLimits PolysimulatorVenue::Limits(Tier tier) const {
  const int per_second = switches_.requests_per_second;
  TierLimits limits = LimitsOf(tier);
  if (per_second < 0) limits.per_second = limits.per_minute = std::numeric_limits<int>::max();
  if (per_second > 0) {
    limits.per_second = per_second;
    limits.per_minute = 60 * per_second;
  }
  return limits;
}

Result<void> PolysimulatorVenue::AddKey(const PolysimKey& key) {
  auto added = auth_.AddKey(key);
  if (added) wallets_.Open(key.wallet);
  return added;
}

void PolysimulatorVenue::SetSwitches(PolysimSwitches switches) {
  switches_ = std::move(switches);
  wallets_.RecordAll();
}

}  // namespace balance::sandbox
