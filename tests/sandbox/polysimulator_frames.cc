#include "tests/sandbox/polysimulator_frames.h"

#include "tests/sandbox/json_text.h"
#include "tests/sandbox/ledger.h"

namespace balance::sandbox {
namespace {

constexpr const char* kMarket = "0x5a11d0b0";
constexpr const char* kPrice = "0.50";

std::string Quantity(const OrderFill& fill) { return Plus(fill.cost, fill.cost); }

std::string Milliseconds(WallTime now) {
  return std::to_string(now.time_since_epoch() / std::chrono::milliseconds(1));
}

void AddFill(const OrderFill& fill, const PolysimSwitches& switches, JsonObject& object) {
  const std::string id = std::to_string(fill.order_id);
  object.Raw("order_id", switches.text_order_ids ? Quoted(id) : id);
  object.Text("market_id", kMarket);
  object.Text("side", "BUY");
  object.Text("outcome", "Yes");
  object.Text("price", kPrice);
  object.Text("quantity", Quantity(fill));
}

}  // namespace

std::string ConnectedFrame() { return R"({"type":"connected","feed":"executions"})"; }

std::string FillFrame(const OrderFill& fill, WallTime now, const PolysimSwitches& switches) {
  JsonObject frame;
  frame.Text("type", switches.fill_frames == FillFrames::kFill ? "fill" : "execution");
  if (switches.fill_frames == FillFrames::kNested) {
    JsonObject data;
    AddFill(fill, switches, data);
    data.Text("filled_at", Rfc3339(now));
    frame.Raw("data", data.Take());
    return frame.Take();
  }
  AddFill(fill, switches, frame);
  if (switches.fill_frames == FillFrames::kExecution) {
    frame.Text("status", "FILLED");
    frame.Text("timestamp", Rfc3339(now));
  } else {
    frame.Text("filled_at", Rfc3339(now));
  }
  return frame.Take();
}

std::string PongFrame(WallTime now, const PolysimSwitches& switches) {
  JsonObject frame;
  frame.Text("type", "pong");
  frame.Raw(switches.fill_frames == FillFrames::kFill ? "ts" : "timestamp", Milliseconds(now));
  return frame.Take();
}

std::string SocketErrorFrame(const std::string& message) {
  JsonObject frame;
  frame.Text("type", "error");
  frame.Text("message", message);
  return frame.Take();
}

std::string UserTradeFrame(const OrderFill& fill, WallTime now) {
  JsonObject frame;
  frame.Text("event_type", "trade");
  frame.Text("id", std::to_string(fill.order_id));
  frame.Text("market", kMarket);
  frame.Text("side", "BUY");
  frame.Text("outcome", "Yes");
  frame.Text("price", kPrice);
  frame.Text("size", Quantity(fill));
  frame.Text("status", "MATCHED");
  frame.Text("timestamp", Milliseconds(now));
  return frame.Take();
}

std::string UserPongFrame() { return R"({"event_type":"pong"})"; }

}  // namespace balance::sandbox
