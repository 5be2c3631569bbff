#include "tests/sandbox/polysimulator_sockets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace balance::sandbox {
namespace {

using Message = nlohmann::json;

constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kBadToken = 4001;
constexpr std::uint16_t kTooManySockets = 4002;

bool IsPing(const Message& message) {
  return message.is_object() && message.contains("action") && message["action"] == "ping";
}

std::string ApiKeyOf(const Message& message) {
  const auto pointer = "/auth/apiKey"_json_pointer;
  if (!message.is_object() || !message.contains(pointer)) return {};
  const Message& key = message[pointer];
  return key.is_string() ? key.get<std::string>() : std::string();
}

}  // namespace

class PolysimulatorSockets::Session final : public SocketSession {
 public:
  enum class Feed : std::uint8_t { kExecutions, kUser };

  Session(PolysimulatorSockets& owner, Feed feed, SocketPeer& peer)
      : sockets_(owner), feed_(feed), peer_(peer) {}
  ~Session() override { std::erase(sockets_.sessions_, this); }

  // What to do at the opening: the socket belongs to someone, is closed, or waits for a login.
  void Admit(const Caller& owner) { owner_ = owner; }
  void Refuse() { refused_ = true; }

  void OnOpen() override {
    if (owner_) return Join(*owner_);
    if (refused_) CloseAsUnauthorized();
  }

  void OnMessage(std::string_view message) override {
    const Message json = Message::parse(message, nullptr, false);
    if (!owner_) {
      const std::optional<Caller> owner = sockets_.login_(ApiKeyOf(json));
      return owner ? Join(*owner) : CloseAsUnauthorized();
    }
    const bool user = feed_ == Feed::kUser;
    if (IsPing(json)) {
      peer_.Send(user ? UserPongFrame() : PongFrame(sockets_.clock_.WallNow(), sockets_.switches_));
    } else if (!user) {
      peer_.Send(SocketErrorFrame("unknown action"));
    }
  }

  std::string Update() override { return FrameOf(OrderFill()); }

  void Tell(const OrderFill& fill) {
    if (fill.wallet == owner_->wallet) peer_.Send(FrameOf(fill));
  }

  const std::string& credential() const { return owner_->credential; }

 private:
  void Join(const Caller& owner) {
    owner_ = owner;
    const int most = sockets_.limit_(owner.wallet);
    const auto open = std::count_if(
        sockets_.sessions_.begin(), sockets_.sessions_.end(),
        [&owner](const Session* other) { return other->credential() == owner.credential; });
    if (most >= 0 && open >= most) return peer_.Close(kTooManySockets, "Connection limit reached");
    sockets_.sessions_.push_back(this);
    if (feed_ == Feed::kExecutions) peer_.Send(ConnectedFrame());
  }

  void CloseAsUnauthorized() {
    if (feed_ == Feed::kUser) return peer_.Close(kPolicyViolation, "Authentication failed");
    peer_.Close(kBadToken, "Invalid or expired token");
  }

  std::string FrameOf(const OrderFill& fill) const {
    const WallTime now = sockets_.clock_.WallNow();
    return feed_ == Feed::kUser ? UserTradeFrame(fill, now)
                                : FillFrame(fill, now, sockets_.switches_);
  }

  PolysimulatorSockets& sockets_;
  const Feed feed_;
  SocketPeer& peer_;
  std::optional<Caller> owner_;
  bool refused_ = false;
};

std::unique_ptr<SocketSession> PolysimulatorSockets::OpenExecutions(
    const std::optional<Caller>& owner, SocketPeer& peer) {
  auto session = std::make_unique<Session>(*this, Session::Feed::kExecutions, peer);
  owner ? session->Admit(*owner) : session->Refuse();
  return session;
}

std::unique_ptr<SocketSession> PolysimulatorSockets::OpenUser(const std::optional<Caller>& owner,
                                                              bool token_was_given,
                                                              SocketPeer& peer) {
  auto session = std::make_unique<Session>(*this, Session::Feed::kUser, peer);
  if (owner) session->Admit(*owner);
  if (!owner && token_was_given) session->Refuse();
  return session;
}

void PolysimulatorSockets::OnFill(const OrderFill& fill) {
  for (Session* session : sessions_) session->Tell(fill);
}

}  // namespace balance::sandbox
