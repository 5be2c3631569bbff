#include "tests/sandbox/polymarket_sockets.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "tests/sandbox/encoding.h"
#include "tests/sandbox/polymarket_body.h"
#include "tests/sandbox/polymarket_frames.h"

namespace balance::sandbox {
namespace {

using Message = nlohmann::json;

// protojson takes a field by either of its names.
Message Field(const Message& object, const char* camel, const char* snake) {
  if (!object.is_object()) return {};
  const auto found = object.contains(camel) ? object.find(camel) : object.find(snake);
  return found == object.end() ? Message() : *found;
}

std::string TextOr(const Message& value, const std::string& otherwise) {
  return value.is_string() ? value.get<std::string>() : otherwise;
}

enum class Topic : std::uint8_t { kBalance, kOther, kUnknown };

// An enumeration's value travels as its name or its number.
Topic TopicOf(const Message& type) {
  if (type == std::string(kBalanceSubscription) || type == 4) return Topic::kBalance;
  for (const char* other : {"ORDER", "ORDER_SNAPSHOT", "POSITION", "RFQ"}) {
    if (type == std::string("SUBSCRIPTION_TYPE_") + other) return Topic::kOther;
  }
  return type == 1 || type == 3 ? Topic::kOther : Topic::kUnknown;
}

const PolymarketRow* RowOf(const PolymarketLedger& ledger, const std::string& currency) {
  const auto found =
      std::find_if(ledger.rows.begin(), ledger.rows.end(),
                   [&currency](const PolymarketRow& row) { return row.currency == currency; });
  return found == ledger.rows.end() ? nullptr : &*found;
}

}  // namespace

class PolymarketSockets::Session final : public SocketSession {
 public:
  Session(PolymarketSockets& owner, std::string key, std::string wallet, SocketPeer& peer)
      : owner_(owner), key_(std::move(key)), wallet_(std::move(wallet)), peer_(peer) {
    owner_.sessions_.push_back(this);
  }
  ~Session() override { std::erase(owner_.sessions_, this); }

  void OnMessage(std::string_view message) override {
    const Message json = Message::parse(message, nullptr, false);
    if (json.is_object() && json.contains("subscribe")) return Subscribe(json["subscribe"]);
    if (json.is_object() && json.contains("unsubscribe")) {
      requests_.erase(TextOr(Field(json["unsubscribe"], "requestId", "request_id"), ""));
      return;
    }
    Refuse("", "invalid request");
  }

  Duration heartbeat_interval() const override { return owner_.switches_.socket_heartbeat; }
  void OnHeartbeat() override { peer_.Send(HeartbeatFrame()); }

  std::string Update() override {
    const PolymarketLedger& ledger = owner_.wallets_.Get(wallet_);
    const PolymarketRow row = ledger.rows.empty() ? PolymarketRow() : ledger.rows.front();
    return UpdateFrame(requests_.empty() ? "" : *requests_.begin(), owner_.Describe(&row, &row),
                       owner_.switches_);
  }

  void Tell(const BalanceChange& change) {
    for (const std::string& id : requests_) peer_.Send(UpdateFrame(id, change, owner_.switches_));
  }

  const std::string& key() const { return key_; }
  const std::string& wallet() const { return wallet_; }

 private:
  void Subscribe(const Message& request) {
    const std::string id = TextOr(Field(request, "requestId", "request_id"), "");
    const Topic topic = TopicOf(Field(request, "subscriptionType", "subscription_type"));
    if (id.empty()) return Refuse(id, "requestId is required");
    if (topic == Topic::kUnknown) return Refuse(id, "unknown subscription type");
    // Orders and positions of this sandbox never change: nothing is ever said of them.
    if (topic == Topic::kOther) return;
    if (!requests_.insert(id).second) return Refuse(id, "duplicate requestId");
    peer_.Send(SnapshotFrame(id, owner_.wallets_.Get(wallet_), owner_.switches_));
  }

  void Refuse(const std::string& id, const std::string& error) {
    peer_.Send(ErrorFrame(id, error, owner_.switches_));
  }

  PolymarketSockets& owner_;
  const std::string key_;
  const std::string wallet_;
  SocketPeer& peer_;
  // Requests for balances.
  std::set<std::string> requests_;
};

std::unique_ptr<SocketSession> PolymarketSockets::Open(const std::string& key,
                                                       const std::string& wallet,
                                                       SocketPeer& peer) {
  return std::make_unique<Session>(*this, key, wallet, peer);
}

int PolymarketSockets::CountOf(const std::string& key) const {
  return static_cast<int>(
      std::count_if(sessions_.begin(), sessions_.end(),
                    [&key](const Session* session) { return session->key() == key; }));
}

void PolymarketSockets::OnChange(const std::string& wallet, const PolymarketLedger& before,
                                 const PolymarketLedger& after) {
  std::set<std::string> currencies;
  for (const PolymarketLedger* ledger : {&before, &after}) {
    for (const PolymarketRow& row : ledger->rows) currencies.insert(row.currency);
  }
  for (const std::string& currency : currencies) {
    const PolymarketRow* old_row = RowOf(before, currency);
    const PolymarketRow* new_row = RowOf(after, currency);
    if (old_row && new_row && BalanceRow(*old_row, switches_) == BalanceRow(*new_row, switches_)) {
      continue;
    }
    const BalanceChange change = Describe(old_row, new_row);
    for (Session* session : sessions_) {
      if (session->wallet() == wallet) session->Tell(change);
    }
  }
}

BalanceChange PolymarketSockets::Describe(const PolymarketRow* before, const PolymarketRow* after) {
  return {before, after, next_change_++, Rfc3339(clock_.WallNow())};
}

}  // namespace balance::sandbox
