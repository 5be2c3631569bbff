#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "clients/http/curl_global.h"
#include "service/config/load_config.h"
#include "tests/integration/service/running_service.h"
#include "tests/sandbox/sandbox.h"
#include "tests/support/connected.h"
#include "tests/toy_venue/toy_upstream.h"
#include "tests/toy_venue/venue.h"
#include "tests/toy_venue/venues.h"

namespace balance::toy {
namespace {

using testing::HasSubstr;

std::optional<std::string> NoVariable(const std::string&) { return std::nullopt; }

template <typename T>
T ValueOf(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

// The whole service with an account at PolySimulator and at the toy venue.
class ToyReadingTest : public testing::Test {
 protected:
  ToyReadingTest() : sandbox_(ValueOf(sandbox::Sandbox::Start())) {
    sandbox::PolysimLedger ledger;
    ledger.balance = ledger.starting_balance = "100.00";
    EXPECT_TRUE(sandbox_->SetLedger(ledger));
    auto config = LoadConfig(files_.Write("c.yaml", Yaml()), NoVariable, VenuesWithToy());
    if (!config) throw std::runtime_error(config.error().front().ToString());
    server_ = std::make_unique<BalanceServer>(*std::move(config), KindsOf(VenuesWithToy()));
    if (const auto started = server_->Start(); !started) {
      throw std::runtime_error(started.error().message);
    }
    stub_ = v1::BalanceService::NewStub(Connected(
        grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials())));
  }

  std::string Yaml() {
    const auto value = [](const std::string& text) { return "{value: '" + text + "'}"; };
    return "listen: 127.0.0.1:0\n"
           "admin_listen: 127.0.0.1:0\n"
           "accounts:\n"
           "- id: desk\n"
           "  sources:\n"
           "  - id: sim\n"
           "    polysimulator:\n"
           "      base_url: " +
           sandbox_->BaseUrl(sandbox::Side::kPolysimulator) +
           "\n      api_key: " + value(sandbox_->polysim_key().api_key) +
           "\n"
           "  - id: toy\n"
           "    toy:\n"
           "      base_url: " +
           upstream_.BaseUrl() + "\n      account: " + value(ToyUpstream::kAccount) +
           "\n      token: " + value(ToyUpstream::kToken) +
           "\n      passphrase: " + value(ToyUpstream::kPassphrase) +
           "\n"
           "upstream: {requests_per_second: 1000, burst: 1000}\n";
  }

  v1::AccountSnapshot Get() {
    v1::AccountSnapshot snapshot;
    grpc::ClientContext context;
    const auto status = stub_->GetAccountSnapshot(&context, {}, &snapshot);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return snapshot;
  }

  static const v1::MeasureTotal& TotalOf(const v1::AccountSnapshot& snapshot, v1::Measure measure) {
    const auto found =
        std::find_if(snapshot.totals().begin(), snapshot.totals().end(),
                     [measure](const auto& total) { return total.measure() == measure; });
    if (found == snapshot.totals().end()) throw std::runtime_error("no such total");
    return *found;
  }

  std::string Metrics() const { return HttpGet(server_->admin_address(), "/metrics"); }

  CurlGlobal curl_;
  const TemporaryDirectory files_;
  ToyUpstream upstream_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<BalanceServer> server_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;
};

constexpr int kToy = 1;

TEST_F(ToyReadingTest, ItIsReadAndCountedInTheTotalsOfItsMeasures) {
  const v1::AccountSnapshot snapshot = Get();

  const v1::SourceBalance& toy = snapshot.sources(kToy);
  EXPECT_EQ(static_cast<int>(toy.kind()), static_cast<int>(kKind));
  EXPECT_EQ(toy.fund_class(), v1::SIMULATED_MONEY);
  ASSERT_EQ(toy.balance_set().balances_size(), 1) << toy.ShortDebugString();
  EXPECT_EQ(toy.balance_set().balances(0).cash().value(), ToyUpstream::kFree);
  EXPECT_EQ(toy.balance_set().balances(0).equity().basis(), "total");
  EXPECT_TRUE(snapshot.completeness().complete());
  EXPECT_EQ(TotalOf(snapshot, v1::CASH).total().value(), "112.50");
  EXPECT_EQ(TotalOf(snapshot, v1::EQUITY).total().value(), "120.25");
  // It does not report what an order may use: no part of that total, and not missing in it.
  EXPECT_EQ(TotalOf(snapshot, v1::AVAILABLE_TO_TRADE).counted_sources_size(), 1);
  EXPECT_EQ(TotalOf(snapshot, v1::AVAILABLE_TO_TRADE).missing_sources_size(), 0);
  EXPECT_EQ(upstream_.Requests(), 1U);
}

TEST_F(ToyReadingTest, ItIsListedWithItsMeasures) {
  v1::ListSourcesResponse sources;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ListSources(&context, {}, &sources).ok());

  const v1::Source& toy = sources.sources(kToy);
  EXPECT_EQ(static_cast<int>(toy.kind()), static_cast<int>(kKind));
  ASSERT_EQ(toy.measures_size(), 2);
  EXPECT_EQ(toy.measures(1), v1::EQUITY);
}

TEST_F(ToyReadingTest, MetricsCallItByItsKey) {
  Get();

  EXPECT_THAT(Metrics(), HasSubstr(R"(balance_refreshes_total{kind="TOY",result="OK"} 1)"));
  EXPECT_THAT(Metrics(), HasSubstr(R"(balance_sources{kind="TOY",state="FRESH"} 1)"));
}

TEST_F(ToyReadingTest, ItsFailureIsItsOwn) {
  sandbox::Fault fault;
  fault.status = 401;
  fault.count = 0;
  upstream_.Push(fault);

  const v1::AccountSnapshot snapshot = Get();

  EXPECT_EQ(ReasonOf(snapshot.sources(kToy).failure()), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(snapshot.sources(kToy).failure().status().message(),
            "Toy Exchange rejects our login (HTTP 401); check account, token and passphrase.");
  EXPECT_EQ(snapshot.sources(0).state(), v1::SourceBalance::FRESH);
  EXPECT_FALSE(TotalOf(snapshot, v1::CASH).has_total());
  EXPECT_EQ(TotalOf(snapshot, v1::CASH).known_subtotal().value(), "100.00");
}

}  // namespace
}  // namespace balance::toy
