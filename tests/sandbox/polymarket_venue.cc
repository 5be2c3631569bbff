#include "tests/sandbox/polymarket_venue.h"

#include <utility>

#include "tests/sandbox/encoding.h"
#include "tests/sandbox/polymarket_body.h"
#include "tests/sandbox/user_agent.h"

namespace balance::sandbox {
namespace {

constexpr std::string_view kSocketPath = "/v1/ws/private";

HttpReply GatewayError(int status, int grpc_code, const std::string& message) {
  return JsonReply(status, "{\"code\":" + std::to_string(grpc_code) + ",\"message\":\"" + message +
                               "\",\"details\":[]}");
}

}  // namespace

PolymarketVenue::PolymarketVenue(const Clock& clock, const SideClock& side_clock,
                                 std::string prefix)
    : clock_(side_clock),
      prefix_(std::move(prefix)),
      wallets_(clock, InitialPolymarketLedger(),
               [this](const PolymarketLedger& ledger) { return BalancesBody(ledger, switches_); }),
      sockets_(side_clock, switches_, wallets_) {
  wallets_.Observe(
      [this](const std::string& wallet, const PolymarketLedger& before,
             const PolymarketLedger& after) { sockets_.OnChange(wallet, before, after); });
}

Caller PolymarketVenue::Identify(const HttpCall& call) {
  const AuthVerdict verdict = auth_.Judge(call, ApiPath(call), clock_.WallNow());
  Caller caller;
  caller.key = std::string(call.HeaderValue("X-PM-Access-Key"));
  caller.credential = caller.key;
  caller.wallet = verdict.wallet;
  caller.signature = std::string(call.HeaderValue("X-PM-Signature"));
  caller.authenticated = verdict.failure == AuthFailure::kNone || IsOpenHealth(call);
  return caller;
}

HttpReply PolymarketVenue::Answer(const HttpCall& call, const Caller& caller, int /*in_flight*/) {
  HttpReply reply;
  if (UserAgentIsBlocked(call, switches_.blocked_user_agents)) {
    reply = {403,
             {{"Content-Type", "text/html; charset=UTF-8"}},
             "<html><body>Sorry, you have been blocked</body></html>"};
  } else if (ApiPath(call).empty()) {
    // Not the API's own 404: the proxy in front knows no such path.
    return TextReply(404, "404 page not found\n");
  } else if (!caller.authenticated) {
    const AuthVerdict verdict = auth_.Judge(call, ApiPath(call), clock_.WallNow());
    reply = PolymarketAuth::Refusal(verdict.failure, switches_.auth_error_style);
    // As observed of the socket, whose gateway words its refusals itself.
    if (ApiPath(call) == kSocketPath) reply = TextReply(401, "unauthorized: " + reply.body);
  } else {
    reply = Route(call, caller);
  }
  reply.headers.push_back({"x-pm-trace-id", RandomHex(16)});
  reply.headers.push_back({"cf-ray", RandomHex(8) + "-IAD"});
  return reply;
}

HttpReply PolymarketVenue::Route(const HttpCall& call, const Caller& caller) {
  if (IsOpenHealth(call)) return JsonReply(200, R"({"status":"ok"})");
  if (!TakeFromLimit(caller.key)) {
    return JsonReply(429, R"({"status":429,"message":"Too Many Requests"})");
  }
  if (ApiPath(call) == kSocketPath) return Upgrade(call, caller);
  if (ApiPath(call) != "/v1/account/balances") return GatewayError(404, 5, "Not Found");
  if (call.method != "GET") return GatewayError(405, 12, "Method Not Allowed");
  return JsonReply(200, wallets_.Body(caller.wallet));
}

HttpReply PolymarketVenue::Upgrade(const HttpCall& call, const Caller& caller) const {
  if (!IsWebSocketUpgrade(call)) return TextReply(400, "Bad Request\n");
  const int most = switches_.sockets_per_key;
  if (most > 0 && sockets_.CountOf(caller.key) >= most) {
    return TextReply(429, "too many connections\n");
  }
  return {101, {}, {}};
}

std::unique_ptr<SocketSession> PolymarketVenue::OpenSocket(const HttpCall& /*call*/,
                                                           const Caller& caller, SocketPeer& peer) {
  return sockets_.Open(caller.key, caller.wallet, peer);
}

bool PolymarketVenue::TakeFromLimit(const std::string& key) {
  if (switches_.requests_per_second == 0) return true;
  SlidingSecond& second = limits_[key];
  const SteadyTime now = clock_.SteadyNow();
  if (second.Count(now) >= switches_.requests_per_second) return false;
  second.Add(now);
  return true;
}

Result<void> PolymarketVenue::AddKey(const PolymarketKey& key) {
  auto added = auth_.AddKey(key);
  if (added) wallets_.Open(key.wallet);
  return added;
}

void PolymarketVenue::SetSwitches(PolymarketSwitches switches) {
  switches_ = std::move(switches);
  wallets_.RecordAll();
}

std::string_view PolymarketVenue::ApiPath(const HttpCall& call) const {
  std::string_view path = call.path;
  if (!path.starts_with(prefix_)) return {};
  path.remove_prefix(prefix_.size());
  return path.starts_with('/') ? path : std::string_view();
}

bool PolymarketVenue::IsOpenHealth(const HttpCall& call) const {
  return switches_.health_route && call.method == "GET" && ApiPath(call) == "/v1/health";
}

}  // namespace balance::sandbox
