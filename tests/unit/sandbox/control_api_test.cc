#include "tests/sandbox/control_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/sandbox/sandbox.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/socket_client.h"

namespace balance::sandbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class ControlApiTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Sandbox::Start();
    ASSERT_TRUE(started) << started.error().message;
    sandbox_ = std::move(*started);
    client_.emplace(sandbox_->control_port());
  }

  // The answer's JSON; fails the test unless it is a 200.
  json Do(const std::string& method, const std::string& path, const std::string& body = "") {
    const Exchange answer = client_->Send(method, path, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }

  // The sentence of a 400.
  std::string Complaint(const std::string& method, const std::string& path,
                        const std::string& body) {
    const Exchange answer = client_->Send(method, path, body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return json::parse(answer.body).at("error");
  }

  std::unique_ptr<Sandbox> sandbox_;
  std::optional<SocketClient> client_;
};

TEST_F(ControlApiTest, PolymarketRowsReplaceRows) {
  Do("PUT", "/v1/polymarket/ledger",
     R"({"rows":[{"currentBalance":"41.0633","balanceReservation":"absent",)"
     R"("pendingWithdrawals":[{"id":"w","balance":"1.50"}],"extra_fields":{"x":"[1]"}}]})");

  const PolymarketLedger ledger = sandbox_->polymarket_ledger();

  ASSERT_EQ(ledger.rows.size(), 1U);
  const PolymarketRow& row = ledger.rows.front();
  EXPECT_EQ(row.current_balance, "41.0633");
  EXPECT_EQ(row.currency, "USD");
  EXPECT_EQ(row.reservation_presence, Presence::kAbsent);
  EXPECT_EQ(row.pending_withdrawals.at(0).amount, "1.50");
  EXPECT_EQ(row.extra_fields.at(0).second, "[1]");
}

TEST_F(ControlApiTest, PolysimulatorFieldsNotNamedStay) {
  Do("PUT", "/v1/polysimulator/ledger", R"({"balance":"5.00","tier":"pro_plus"})");

  const PolysimLedger ledger = sandbox_->polysim_ledger();

  EXPECT_EQ(ledger.balance, "5.00");
  EXPECT_EQ(ledger.tier, Tier::kProPlus);
  EXPECT_EQ(ledger.position_value, InitialPolysimLedger().position_value);
}

TEST_F(ControlApiTest, LedgerSurvivesTheWayOutAndIn) {
  const json before = Do("GET", "/v1/polymarket/ledger");

  const json after = Do("PUT", "/v1/polymarket/ledger", before.dump());

  EXPECT_EQ(after, before);
}

TEST_F(ControlApiTest, SwitchesChangeOneByOne) {
  Do("PUT", "/v1/polysimulator/switches", R"({"envelope":"detail_only"})");
  Do("PUT", "/v1/polysimulator/switches", R"({"beta_cutoff":true})");
  Do("PUT", "/v1/polymarket/switches", R"({"blocked_user_agents":["curl"]})");

  EXPECT_EQ(sandbox_->polysim_switches().envelope, Envelope::kDetailOnly);
  EXPECT_TRUE(sandbox_->polysim_switches().beta_cutoff);
  EXPECT_THAT(sandbox_->polymarket_switches().blocked_user_agents, testing::ElementsAre("curl"));
}

TEST_F(ControlApiTest, FaultsAreNamedOrDescribed) {
  const json pending = Do("POST", "/v1/polymarket/faults",
                          R"([{"name":"pm_503_html","count":3},)"
                          R"({"kind":"slow_body","status":200,"headers":{"A":"b"},"drip_ms":5}])");

  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].at("status"), 503);
  EXPECT_EQ(pending[0].at("count"), 3);
  EXPECT_EQ(pending[1].at("kind"), "slow_body");
  EXPECT_EQ(pending[1].at("headers").at("A"), "b");
  EXPECT_EQ(sandbox_->PendingFaults(kPm), 2U);
  Do("DELETE", "/v1/polymarket/faults");
  EXPECT_EQ(sandbox_->PendingFaults(kPm), 0U);
}

TEST_F(ControlApiTest, CatalogueIsListed) {
  EXPECT_THAT(Do("GET", "/v1/faults").dump(), HasSubstr("ps_404_edge"));
}

TEST_F(ControlApiTest, UnplugsAndPlugs) {
  Do("POST", "/v1/polysimulator/unplug");
  EXPECT_FALSE(SocketClient::CanConnect(sandbox_->port(kPs)));
  EXPECT_EQ(Do("GET", "/v1/state").at("polysimulator").at("plugged"), false);

  Do("POST", "/v1/polysimulator/plug");
  EXPECT_TRUE(SocketClient::CanConnect(sandbox_->port(kPs)));
}

TEST_F(ControlApiTest, StateShowsLatencyOffsetAndMoney) {
  Do("PUT", "/v1/polymarket/latency", R"({"ms":15})");
  Do("PUT", "/v1/polymarket/clock-offset", R"({"ms":-31000})");
  Do("POST", "/v1/money/thaw", R"({"every_ms":3600000})");

  const json state = Do("GET", "/v1/state");

  EXPECT_EQ(state.at("polymarket").at("latency_ms"), 15);
  EXPECT_EQ(state.at("polymarket").at("clock_offset_ms"), -31000);
  EXPECT_EQ(state.at("polymarket").at("base_url"), sandbox_->BaseUrl(kPm));
  EXPECT_EQ(state.at("money_moves_every_ms"), 3600000);
  Do("POST", "/v1/money/freeze");
  EXPECT_EQ(Do("GET", "/v1/state").at("money_moves_every_ms"), 0);
}

TEST_F(ControlApiTest, StateHoldsNoSecret) {
  const std::string state = Do("GET", "/v1/state").dump();

  EXPECT_THAT(state, Not(HasSubstr(sandbox_->polymarket_key().secret_key)));
  EXPECT_THAT(state, Not(HasSubstr(sandbox_->polysim_key().api_key)));
}

TEST_F(ControlApiTest, CountersAreReadAndReset) {
  SocketClient upstream(sandbox_->port(kPs));
  upstream.Get("/v1/account/balance");

  const json counters = Do("GET", "/v1/polysimulator/counters");

  EXPECT_EQ(counters.at("total").at("by_status").at("401"), 1);
  EXPECT_EQ(counters.at("by_path").at("/v1/account/balance").at("requests"), 1);
  EXPECT_EQ(counters.at("last_requests").at(0).at("authenticated"), false);
  EXPECT_EQ(Do("DELETE", "/v1/polysimulator/counters").at("total").at("requests"), 0);
}

TEST_F(ControlApiTest, HistoryGrowsAsMoneyMoves) {
  Do("POST", "/v1/money/move");

  const json history = Do("GET", "/v1/polymarket/history");

  ASSERT_EQ(history.size(), 2U);
  EXPECT_THAT(history[1].at("body").get<std::string>(), HasSubstr("currentBalance"));
  EXPECT_THAT(history[1].at("since").get<std::string>(), testing::EndsWith("Z"));
}

TEST_F(ControlApiTest, OrdersRestFillAndAreCancelled) {
  const std::string id = Do("POST", "/v1/polysimulator/orders", R"({"cost":"12.45"})").at("id");
  EXPECT_EQ(sandbox_->polysim_ledger().balance, "8600.00");

  Do("DELETE", "/v1/polysimulator/orders/" + id);
  EXPECT_EQ(sandbox_->polysim_ledger().balance, "8612.45");

  const std::string next = Do("POST", "/v1/polysimulator/orders", R"({"cost":"12.45"})").at("id");
  Do("POST", "/v1/polysimulator/orders/" + next + "/fill");
  EXPECT_EQ(sandbox_->polysim_ledger().position_value, "1088.80");
}

TEST_F(ControlApiTest, KeysAreAdded) {
  Do("POST", "/v1/polysimulator/keys",
     R"({"api_key":"ps_test_1","wallet":"second","state":"expired"})");
  Do("PUT", "/v1/polysimulator/ledger?wallet=second", R"({"balance":"3.00"})");

  EXPECT_EQ(sandbox_->polysim_ledger("second").balance, "3.00");
  EXPECT_NE(sandbox_->polysim_ledger().balance, "3.00");
}

TEST_F(ControlApiTest, WrongInputIsASentence) {
  EXPECT_EQ(Complaint("PUT", "/v1/polymarket/ledger", "{"), "the body must be JSON");
  EXPECT_EQ(Complaint("PUT", "/v1/polymarket/ledger", "[]"), "the body must be a JSON object");
  EXPECT_EQ(Complaint("PUT", "/v1/polymarket/ledger", R"({"rows":[{"currentBalance":1.5}]})"),
            "\"currentBalance\" must be a string");
  EXPECT_EQ(Complaint("PUT", "/v1/polymarket/ledger", R"({"rows":[{"cash":"1"}]})"),
            "unknown field \"cash\"");
  EXPECT_THAT(Complaint("PUT", "/v1/polysimulator/ledger", R"({"balance":"007"})"),
              HasSubstr("balance must be a JSON number"));
  EXPECT_THAT(Complaint("PUT", "/v1/polysimulator/switches", R"({"envelope":"new"})"),
              HasSubstr("\"envelope\" must be one of"));
  EXPECT_THAT(Complaint("POST", "/v1/polymarket/faults", R"({"name":"nope"})"),
              HasSubstr("no fault is called \"nope\""));
  EXPECT_THAT(Complaint("POST", "/v1/polymarket/faults", R"({"count":-1})"), HasSubstr("count"));
  EXPECT_THAT(Complaint("PUT", "/v1/polymarket/latency", R"({"ms":"50"})"),
              HasSubstr("whole number of milliseconds"));
  EXPECT_THAT(Complaint("DELETE", "/v1/polysimulator/orders/99", ""),
              HasSubstr("no resting order"));
  EXPECT_THAT(Complaint("POST", "/v1/polymarket/keys", R"({"key_id":"k"})"), HasSubstr("base64"));
}

TEST_F(ControlApiTest, UnknownPathsAndMethods) {
  EXPECT_EQ(client_->Get("/v1/nothing").status, 404);
  EXPECT_EQ(client_->Get("/v1/kalshi/ledger").status, 404);
  EXPECT_EQ(client_->Send("POST", "/v1/state", "").status, 405);
  EXPECT_THAT(client_->Get("/").body, HasSubstr("POST /v1/SIDE/unplug"));
}

TEST_F(ControlApiTest, SocketFaultsAreListedPushedAndCleared) {
  const json pushed = Do("POST", "/v1/polymarket/socket-faults",
                         R"([{"kind":"close","code":1011,"count":0},)"
                         R"({"kind":"text","body":"{}","frames":3,"delay_ms":5}])");

  EXPECT_EQ(pushed.size(), 2U);
  EXPECT_EQ(pushed[0].at("code"), 1011);
  EXPECT_EQ(pushed[1].at("delay_ms"), 5);
  EXPECT_EQ(Do("GET", "/v1/polymarket/socket-faults"), pushed);
  EXPECT_TRUE(Do("DELETE", "/v1/polymarket/socket-faults").empty());
}

TEST_F(ControlApiTest, FaultOfOpenSocketsSaysHowManyItMet) {
  EXPECT_EQ(Do("POST", "/v1/polysimulator/sockets", R"({"kind":"silence"})").at("sockets"), 0);
  EXPECT_EQ(Do("GET", "/v1/polysimulator/counters").at("sockets").at("opened"), 0);
}

TEST_F(ControlApiTest, WrongSocketFaultsAreRefused) {
  EXPECT_THAT(Complaint("POST", "/v1/polymarket/sockets", R"({"kind":"whisper"})"),
              HasSubstr("\"kind\" must be one of the words"));
  EXPECT_EQ(Complaint("POST", "/v1/polymarket/sockets", R"({"code":5000})"),
            "\"code\" must be from 1000 to 4999");
  EXPECT_EQ(Complaint("POST", "/v1/polymarket/socket-faults", R"({"frames":-1})"),
            "\"frames\" must not be negative");
}

TEST_F(ControlApiTest, SocketSwitchesAreSetByName) {
  Do("PUT", "/v1/polymarket/switches", R"({"socket_names":"legacy","socket_heartbeat_ms":250})");
  Do("PUT", "/v1/polysimulator/switches", R"({"fill_frames":"nested","token_lifetime_ms":1})");

  EXPECT_EQ(sandbox_->polymarket_switches().socket_names, SocketNames::kLegacy);
  EXPECT_EQ(sandbox_->polymarket_switches().socket_heartbeat, std::chrono::milliseconds(250));
  EXPECT_EQ(sandbox_->polysim_switches().fill_frames, FillFrames::kNested);
  EXPECT_EQ(sandbox_->polysim_switches().token_lifetime, std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace balance::sandbox
