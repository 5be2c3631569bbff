#include "tests/sandbox/control_api.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sandbox/control_json.h"
#include "tests/sandbox/encoding.h"
#include "tests/sandbox/sandbox_core.h"

namespace balance::sandbox {
namespace {

struct ControlRequest {
  Side side = Side::kPolymarket;
  // Of a resting order.
  std::string id;
  std::string wallet;
  // An empty object if the request had no body.
  Json body;
};

Json Done() { return {{"ok", true}}; }

template <typename T>
Result<Json> DoneIf(const Result<T>& result) {
  if (!result) return tl::unexpected(result.error());
  return Done();
}

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

// "SIDE" and "ID" in `pattern` stand for a side's name and anything.
bool Matches(std::string_view pattern, std::string_view path, ControlRequest& request) {
  const auto wanted = Segments(pattern);
  const auto given = Segments(path);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [&request](std::string_view want, std::string_view have) {
                      if (want == "ID") {
                        request.id = std::string(have);
                        return true;
                      }
                      if (want != "SIDE") return want == have;
                      for (const Side side : kSides) {
                        if (SideName(side) != have) continue;
                        request.side = side;
                        return true;
                      }
                      return false;
                    });
}

// Whatever `read` makes of `body`, or of each element if it is a list.
template <typename Fault>
Result<std::vector<Fault>> ReadOneOrMore(const Json& body, Result<Fault> (*read)(const Json&)) {
  const Json list = body.is_array() ? body : Json::array({body});
  std::vector<Fault> faults;
  for (const Json& item : list) {
    auto fault = read(item);
    if (!fault) return tl::unexpected(fault.error());
    faults.push_back(std::move(*fault));
  }
  return faults;
}

std::string ErrorBody(const std::string& sentence) {
  return "{\"error\":" + Quoted(sentence) + "}\n";
}

class ControlApi final : public HttpHandler {
 public:
  explicit ControlApi(SandboxCore& core) : core_(core) {}

  WirePlan Handle(const HttpCall& call) override { return PlanReply(Reply(call)); }

 private:
  struct Route {
    const char* method;
    const char* pattern;
    Result<Json> (ControlApi::*handler)(const ControlRequest&);
  };

  static const std::vector<Route>& Routes();

  HttpReply Reply(const HttpCall& call);
  HttpReply Run(const Route& route, const HttpCall& call, ControlRequest request);
  std::string Overview() const;

  Result<Json> State(const ControlRequest& request);
  Result<Json> GetLedger(const ControlRequest& request);
  Result<Json> PutLedger(const ControlRequest& request);
  Result<Json> GetSwitches(const ControlRequest& request);
  Result<Json> PutSwitches(const ControlRequest& request);
  Result<Json> ListFaults(const ControlRequest& request);
  Result<Json> PushFaults(const ControlRequest& request);
  Result<Json> ClearFaults(const ControlRequest& request);
  Result<Json> ListSocketFaults(const ControlRequest& request);
  Result<Json> PushSocketFaults(const ControlRequest& request);
  Result<Json> ClearSocketFaults(const ControlRequest& request);
  Result<Json> ActOnSockets(const ControlRequest& request);
  Result<Json> Catalogue(const ControlRequest& request);
  Result<Json> Unplug(const ControlRequest& request);
  Result<Json> Plug(const ControlRequest& request);
  Result<Json> PutLatency(const ControlRequest& request);
  Result<Json> PutClockOffset(const ControlRequest& request);
  Result<Json> GetCounters(const ControlRequest& request);
  Result<Json> ResetCounters(const ControlRequest& request);
  Result<Json> GetHistory(const ControlRequest& request);
  Result<Json> AddKey(const ControlRequest& request);
  Result<Json> PlaceOrder(const ControlRequest& request);
  Result<Json> CancelOrder(const ControlRequest& request);
  Result<Json> FillOrder(const ControlRequest& request);
  Result<Json> MoveMoney(const ControlRequest& request);
  Result<Json> FreezeMoney(const ControlRequest& request);
  Result<Json> ThawMoney(const ControlRequest& request);

  Json SideState(Side side);

  SandboxCore& core_;
};

const std::vector<ControlApi::Route>& ControlApi::Routes() {
  static const std::vector<Route> kRoutes = {
      {"GET", "/v1/state", &ControlApi::State},
      {"GET", "/v1/faults", &ControlApi::Catalogue},
      {"GET", "/v1/SIDE/ledger", &ControlApi::GetLedger},
      {"PUT", "/v1/SIDE/ledger", &ControlApi::PutLedger},
      {"GET", "/v1/SIDE/switches", &ControlApi::GetSwitches},
      {"PUT", "/v1/SIDE/switches", &ControlApi::PutSwitches},
      {"GET", "/v1/SIDE/faults", &ControlApi::ListFaults},
      {"POST", "/v1/SIDE/faults", &ControlApi::PushFaults},
      {"DELETE", "/v1/SIDE/faults", &ControlApi::ClearFaults},
      {"GET", "/v1/SIDE/socket-faults", &ControlApi::ListSocketFaults},
      {"POST", "/v1/SIDE/socket-faults", &ControlApi::PushSocketFaults},
      {"DELETE", "/v1/SIDE/socket-faults", &ControlApi::ClearSocketFaults},
      {"POST", "/v1/SIDE/sockets", &ControlApi::ActOnSockets},
      {"POST", "/v1/SIDE/unplug", &ControlApi::Unplug},
      {"POST", "/v1/SIDE/plug", &ControlApi::Plug},
      {"PUT", "/v1/SIDE/latency", &ControlApi::PutLatency},
      {"PUT", "/v1/SIDE/clock-offset", &ControlApi::PutClockOffset},
      {"GET", "/v1/SIDE/counters", &ControlApi::GetCounters},
      {"DELETE", "/v1/SIDE/counters", &ControlApi::ResetCounters},
      {"GET", "/v1/SIDE/history", &ControlApi::GetHistory},
      {"POST", "/v1/SIDE/keys", &ControlApi::AddKey},
      {"POST", "/v1/polysimulator/orders", &ControlApi::PlaceOrder},
      {"DELETE", "/v1/polysimulator/orders/ID", &ControlApi::CancelOrder},
      {"POST", "/v1/polysimulator/orders/ID/fill", &ControlApi::FillOrder},
      {"POST", "/v1/money/move", &ControlApi::MoveMoney},
      {"POST", "/v1/money/freeze", &ControlApi::FreezeMoney},
      {"POST", "/v1/money/thaw", &ControlApi::ThawMoney}};
  return kRoutes;
}

HttpReply ControlApi::Reply(const HttpCall& call) {
  if (call.path == "/") return TextReply(200, Overview());
  ControlRequest request;
  request.wallet = std::string(call.QueryValue("wallet"));
  if (request.wallet.empty()) request.wallet = "main";
  bool path_known = false;
  for (const Route& route : Routes()) {
    if (!Matches(route.pattern, call.path, request)) continue;
    if (call.method == route.method) return Run(route, call, std::move(request));
    path_known = true;
  }
  if (path_known) return JsonReply(405, ErrorBody("this path does not take " + call.method));
  return JsonReply(404, ErrorBody("no such path; GET / lists them"));
}

HttpReply ControlApi::Run(const Route& route, const HttpCall& call, ControlRequest request) {
  request.body = call.body.empty() ? Json::object() : Json::parse(call.body, nullptr, false);
  if (request.body.is_discarded()) {
    return JsonReply(400, ErrorBody("the body must be JSON"));
  }
  const Result<Json> answer = (this->*route.handler)(request);
  if (!answer) return JsonReply(400, ErrorBody(answer.error().message));
  return JsonReply(200, answer->dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string ControlApi::Overview() const {
  std::string text = "upstream-sandbox control; SIDE is polymarket or polysimulator\n\n";
  for (const Route& route : Routes()) {
    text.append(route.method).append(" ").append(route.pattern).append("\n");
  }
  return text;
}

Json ControlApi::SideState(Side side) {
  Json json = {{"base_url", core_.BaseUrl(side)},
               {"plugged", core_.server(side).plugged()},
               {"latency_ms", core_.handler(side).latency() / std::chrono::milliseconds(1)},
               {"clock_offset_ms", core_.clock(side).offset() / std::chrono::milliseconds(1)},
               {"pending_faults", core_.handler(side).faults().pending().size()},
               {"wallets", Json::object()}};
  if (side == Side::kPolymarket) {
    json["switches"] = Write(core_.polymarket().switches());
    for (const std::string& name : core_.polymarket().wallets().names()) {
      json["wallets"][name] = Write(core_.polymarket().wallets().Get(name));
    }
  } else {
    json["switches"] = Write(core_.polysimulator().switches());
    for (const std::string& name : core_.polysimulator().wallets().names()) {
      json["wallets"][name] = Write(core_.polysimulator().wallets().Get(name));
    }
  }
  return json;
}

Result<Json> ControlApi::State(const ControlRequest&) {
  return Json{{"polymarket", SideState(Side::kPolymarket)},
              {"polysimulator", SideState(Side::kPolysimulator)},
              {"money_moves_every_ms", core_.move_every() / std::chrono::milliseconds(1)}};
}

Result<Json> ControlApi::GetLedger(const ControlRequest& request) {
  if (request.side == Side::kPolymarket) {
    return Write(core_.polymarket().wallets().Get(request.wallet));
  }
  return Write(core_.polysimulator().wallets().Get(request.wallet));
}

Result<Json> ControlApi::PutLedger(const ControlRequest& request) {
  const auto put = [&request](auto& wallets) -> Result<Json> {
    auto ledger = wallets.Get(request.wallet);
    if (const auto read = Read(request.body, ledger); !read) return tl::unexpected(read.error());
    if (const auto good = Check(ledger); !good) return tl::unexpected(good.error());
    wallets.Set(request.wallet, ledger);
    return Write(ledger);
  };
  return request.side == Side::kPolymarket ? put(core_.polymarket().wallets())
                                           : put(core_.polysimulator().wallets());
}

Result<Json> ControlApi::GetSwitches(const ControlRequest& request) {
  if (request.side == Side::kPolymarket) return Write(core_.polymarket().switches());
  return Write(core_.polysimulator().switches());
}

Result<Json> ControlApi::PutSwitches(const ControlRequest& request) {
  const auto put = [&request](auto& venue) -> Result<Json> {
    auto switches = venue.switches();
    if (const auto read = Read(request.body, switches); !read) return tl::unexpected(read.error());
    venue.SetSwitches(switches);
    return Write(switches);
  };
  return request.side == Side::kPolymarket ? put(core_.polymarket()) : put(core_.polysimulator());
}

Result<Json> ControlApi::ListFaults(const ControlRequest& request) {
  Json faults = Json::array();
  for (const Fault& fault : core_.handler(request.side).faults().pending()) {
    faults.push_back(Write(fault));
  }
  return faults;
}

Result<Json> ControlApi::PushFaults(const ControlRequest& request) {
  auto faults = ReadOneOrMore(request.body, ReadFault);
  if (!faults) return tl::unexpected(faults.error());
  for (Fault& fault : *faults) core_.handler(request.side).faults().Push(std::move(fault));
  return ListFaults(request);
}

Result<Json> ControlApi::ClearFaults(const ControlRequest& request) {
  core_.handler(request.side).faults().Clear();
  return ListFaults(request);
}

Result<Json> ControlApi::ListSocketFaults(const ControlRequest& request) {
  Json faults = Json::array();
  for (const SocketFault& fault : core_.handler(request.side).sockets().pending()) {
    faults.push_back(Write(fault));
  }
  return faults;
}

Result<Json> ControlApi::PushSocketFaults(const ControlRequest& request) {
  auto faults = ReadOneOrMore(request.body, ReadSocketFault);
  if (!faults) return tl::unexpected(faults.error());
  for (SocketFault& fault : *faults) core_.handler(request.side).sockets().Push(std::move(fault));
  return ListSocketFaults(request);
}

Result<Json> ControlApi::ClearSocketFaults(const ControlRequest& request) {
  core_.handler(request.side).sockets().Clear();
  return ListSocketFaults(request);
}

Result<Json> ControlApi::ActOnSockets(const ControlRequest& request) {
  const auto fault = ReadSocketFault(request.body);
  if (!fault) return tl::unexpected(fault.error());
  return Json{{"sockets", core_.handler(request.side).sockets().Act(*fault)}};
}

Result<Json> ControlApi::Catalogue(const ControlRequest&) { return Json(CatalogueNames()); }

Result<Json> ControlApi::Unplug(const ControlRequest& request) {
  core_.server(request.side).Unplug();
  return Done();
}

Result<Json> ControlApi::Plug(const ControlRequest& request) {
  return DoneIf(core_.server(request.side).Plug());
}

Result<Json> ControlApi::PutLatency(const ControlRequest& request) {
  Duration latency = core_.handler(request.side).latency();
  const auto read = ReadDuration(request.body, "ms", latency);
  if (read) core_.handler(request.side).SetLatency(latency);
  return DoneIf(read);
}

Result<Json> ControlApi::PutClockOffset(const ControlRequest& request) {
  Duration offset = core_.clock(request.side).offset();
  const auto read = ReadDuration(request.body, "ms", offset);
  if (read) core_.clock(request.side).SetOffset(offset);
  return DoneIf(read);
}

Result<Json> ControlApi::GetCounters(const ControlRequest& request) {
  return Write(core_.handler(request.side).ReadCounters());
}

Result<Json> ControlApi::ResetCounters(const ControlRequest& request) {
  core_.handler(request.side).ResetCounters();
  return GetCounters(request);
}

Result<Json> ControlApi::GetHistory(const ControlRequest& request) {
  if (request.side == Side::kPolymarket) {
    return Write(core_.polymarket().wallets().history(request.wallet));
  }
  return Write(core_.polysimulator().wallets().history(request.wallet));
}

Result<Json> ControlApi::AddKey(const ControlRequest& request) {
  const auto add = [&request](auto& venue, auto key) -> Result<Json> {
    if (const auto read = Read(request.body, key); !read) return tl::unexpected(read.error());
    return DoneIf(venue.AddKey(key));
  };
  return request.side == Side::kPolymarket ? add(core_.polymarket(), PolymarketKey())
                                           : add(core_.polysimulator(), PolysimKey());
}

Result<Json> ControlApi::PlaceOrder(const ControlRequest& request) {
  std::string cost;
  if (const auto read = ReadText(request.body, "cost", cost); !read) {
    return tl::unexpected(read.error());
  }
  const auto id = core_.polysimulator().orders().Place(request.wallet, cost);
  if (!id) return tl::unexpected(id.error());
  return Json{{"id", *id}};
}

Result<Json> ControlApi::CancelOrder(const ControlRequest& request) {
  return DoneIf(core_.polysimulator().orders().Cancel(request.id));
}

Result<Json> ControlApi::FillOrder(const ControlRequest& request) {
  return DoneIf(core_.polysimulator().orders().Fill(request.id));
}

Result<Json> ControlApi::MoveMoney(const ControlRequest&) {
  core_.MoveMoney();
  return Done();
}

Result<Json> ControlApi::FreezeMoney(const ControlRequest&) {
  core_.MoveMoneyEvery(Duration::zero());
  return Done();
}

Result<Json> ControlApi::ThawMoney(const ControlRequest& request) {
  Duration every = std::chrono::seconds(1);
  const auto read = ReadDuration(request.body, "every_ms", every);
  if (read) core_.MoveMoneyEvery(every);
  return DoneIf(read);
}

}  // namespace

std::unique_ptr<HttpHandler> MakeControlApi(SandboxCore& core) {
  return std::make_unique<ControlApi>(core);
}

}  // namespace balance::sandbox
