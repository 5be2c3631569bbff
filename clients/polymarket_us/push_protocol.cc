#include "clients/polymarket_us/push_protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "clients/json/parse_json.h"

namespace balance::polymarket_us {
namespace {

constexpr std::string_view kRequestId = "balances";

// The messages that only a subscription to balances brings, under their names so far.
constexpr std::array<std::string_view, 10> kBalanceMessages = {
    "accountBalancesSnapshot",
    "accountBalancesUpdate",
    "account_balances_snapshot",
    "account_balances_update",
    "accountBalanceSubscriptionSnapshot",
    "accountBalanceSubscriptionUpdate",
    "accountBalanceUpdate",
    "account_balance_subscription_snapshot",
    "account_balance_subscription_update",
    "account_balance_update"};

// Unset fields are sent too, as null or "".
bool IsOfBalances(const JsonValue& message) {
  return std::any_of(message.members.begin(), message.members.end(), [](const JsonMember& member) {
    return !member.value.IsNull() && std::find(kBalanceMessages.begin(), kBalanceMessages.end(),
                                               member.name) != kBalanceMessages.end();
  });
}

bool IsHeartbeat(const JsonValue& message) {
  const JsonValue* heartbeat = message.Find("heartbeat");
  return heartbeat != nullptr && !heartbeat->IsNull();
}

bool IsError(const JsonValue& message) {
  const JsonValue* error = message.Find("error");
  return error != nullptr && !error->IsNull() && !(error->IsString() && error->text.empty());
}

// True if the error may be about our request: it names that request, or none.
bool IsOurs(const JsonValue& message) {
  const JsonValue* id = message.Find("requestId");
  if (!id) id = message.Find("request_id");
  return id == nullptr || !id->IsString() || id->text.empty() || id->text == kRequestId;
}

Error Refused() {
  Error error{ErrorKind::kUpstreamError,
              "Polymarket US does not tell of changes: it answered the subscription with an error. "
              "It is asked again later."};
  error.is_transient = true;
  return error;
}

}  // namespace

std::string PushProtocol::Opening() const {
  return std::string(R"({"subscribe":{"requestId":")")
      .append(kRequestId)
      .append(R"(","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE"}})");
}

PushReaction PushProtocol::OnMessage(std::string_view message) {
  PushReaction reaction;
  const auto json = ParseJson(message);
  if (!json || !json->IsObject()) {
    reaction.is_hint = true;
    return reaction;
  }
  if (IsHeartbeat(*json)) return reaction;
  if (IsError(*json) && IsOurs(*json)) {
    reaction.failure = Refused();
    return reaction;
  }
  reaction.is_hint = true;
  reaction.is_ready = !is_ready_ && IsOfBalances(*json);
  is_ready_ = is_ready_ || reaction.is_ready;
  return reaction;
}

}  // namespace balance::polymarket_us
