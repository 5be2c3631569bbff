#include "clients/polysimulator/push_protocol.h"

#include "clients/json/parse_json.h"

namespace balance::polysimulator {
namespace {

// The token of the socket was used up or too old.
constexpr std::uint16_t kBadToken = 4001;
// The tier of the key allows no more sockets.
constexpr std::uint16_t kTooManySockets = 4002;

std::string_view TypeOf(const JsonValue& message) {
  for (const std::string_view name : {"type", "event_type"}) {
    const JsonValue* type = message.Find(name);
    if (type && type->IsString()) return type->text;
  }
  return {};
}

}  // namespace

std::string PushProtocol::KeepAlive() const { return R"({"action":"ping"})"; }

PushReaction PushProtocol::OnMessage(std::string_view message) {
  PushReaction reaction;
  const auto json = ParseJson(message);
  const std::string_view type = json ? TypeOf(*json) : std::string_view();
  if (type == "pong") return reaction;
  // A greeting is a hint, too: the venue does not tell what happened before.
  reaction.is_hint = true;
  reaction.is_ready = !is_ready_ && type == "connected";
  is_ready_ = is_ready_ || reaction.is_ready;
  return reaction;
}

PushReturn PushProtocol::OnEnd(std::optional<std::uint16_t> close_code) const {
  if (close_code == kBadToken) return PushReturn::kAtOnce;
  return close_code == kTooManySockets ? PushReturn::kLongest : PushReturn::kBackOff;
}

}  // namespace balance::polysimulator
