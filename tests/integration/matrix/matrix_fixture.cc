#include "tests/integration/matrix/matrix_fixture.h"

#include <sodium.h>

#include <cstdlib>
#include <utility>

namespace balance {

using sandbox::Side;

MatrixTest::MatrixTest() { EXPECT_GE(sodium_init(), 0); }

void MatrixTest::TearDown() {
  if (!service_) return;
  EXPECT_TRUE(service_->IsAlive());
  stub_.reset();
  EXPECT_EQ(service_->Stop(), "exit 0") << service_->Log();
  service_.reset();
}

void MatrixTest::StartUpstreams(const MatrixSetup& setup) {
  auto started = sandbox::Sandbox::Start(setup.sandbox);
  ASSERT_TRUE(started) << started.error().message;
  sandbox_ = std::move(*started);
  // The service below has no ceiling either.
  sandbox_->LiftRequestLimits();
  SetPolymarketCash(kPolymarketCash);
  SetPolysimCash(kPolysimCash);
  polymarket_ = std::make_unique<FaultProxy>(sandbox_->port(Side::kPolymarket));
  polysim_ = std::make_unique<FaultProxy>(sandbox_->port(Side::kPolysimulator));
  files_.Write("key-id", sandbox_->polymarket_key().key_id);
  files_.Write("secret-key", sandbox_->polymarket_key().secret_key);
  files_.Write("api-key", sandbox_->polysim_key().api_key);
}

void MatrixTest::Start(const MatrixSetup& setup) {
  ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
  StartService(setup);
}

void MatrixTest::StartService(const MatrixSetup& setup) {
  const std::string config = files_.Write("config.yaml", YamlText(setup));
  service_ = std::make_unique<ServiceProcess>(config, files_.Path("."), setup.environment);
  stub_ = v1::BalanceService::NewStub(NewChannel());
}

std::string MatrixTest::YamlText(const MatrixSetup& setup) const {
  const std::string scheme = setup.sandbox.tls_certificate_file.empty() ? "http" : "https";
  const auto url = [&scheme](const std::string& given, const FaultProxy& proxy) {
    return given.empty() ? LoopbackUrl(scheme, proxy.port()) : given;
  };
  const auto secret = [this](const std::string& name) {
    return "{file: " + files_.Path(name) + "}\n";
  };
  const std::string ca = setup.tls_ca_file.empty() ? "" : ", tls_ca_file: " + setup.tls_ca_file;
  return "listen: " + setup.listen +
         "\nadmin_listen: 127.0.0.1:0\n"
         "server: {drain_delay: " +
         setup.drain_delay + ", engine: " + setup.engine + setup.more_server +
         "}\n"
         "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: polymarket-us\n"
         "    fund_class: REAL_MONEY\n"
         "    polymarket_us:\n"
         "      base_url: " +
         url(setup.polymarket_url, *polymarket_) + "\n      key_id: " + secret("key-id") +
         "      secret_key: " + secret("secret-key") +
         "  - id: polysimulator\n"
         "    polysimulator:\n"
         "      base_url: " +
         url(setup.polysim_url, *polysim_) + "\n      api_key: " + secret("api-key") +
         setup.more_accounts + "cache: " + setup.cache +
         "\nupstream: {attempt_timeout: " + setup.attempt_timeout +
         ", refresh_budget: " + setup.refresh_budget + ", " + setup.rate + ca + "}\n" +
         setup.more_yaml;
}

void MatrixTest::Always(Side side, sandbox::Fault fault) {
  fault.count = 0;
  sandbox_->Push(side, std::move(fault));
}

void MatrixTest::SetPolymarketCash(const std::string& amount) {
  sandbox::PolymarketRow row;
  row.current_balance = amount;
  ASSERT_TRUE(sandbox_->SetLedger(sandbox::PolymarketLedger{{row}}));
}

void MatrixTest::SetPolysimCash(const std::string& amount) {
  sandbox::PolysimLedger ledger;
  ledger.balance = amount;
  ASSERT_TRUE(sandbox_->SetLedger(ledger));
}

std::shared_ptr<grpc::Channel> MatrixTest::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(service_->grpc_address(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

grpc::Status MatrixTest::Get(const v1::GetAccountSnapshotRequest& request,
                             v1::AccountSnapshot& snapshot, std::chrono::milliseconds timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetAccountSnapshot(&context, request, &snapshot);
}

grpc::Status MatrixTest::GetAnew(v1::AccountSnapshot& snapshot, std::chrono::milliseconds timeout) {
  v1::GetAccountSnapshotRequest request;
  request.mutable_policy()->mutable_max_age();
  return Get(request, snapshot, timeout);
}

grpc::Status MatrixTest::ReadAnew(const std::string& id, v1::SourceBalance& source,
                                  std::chrono::milliseconds timeout) {
  v1::GetSourceBalanceRequest request;
  request.set_name(id);
  request.mutable_policy()->mutable_max_age();
  request.mutable_policy()->mutable_max_stale();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetSourceBalance(&context, request, &source);
}

grpc::Status MatrixTest::ReadAnew(const std::string& id) {
  v1::SourceBalance ignored;
  return ReadAnew(id, ignored);
}

bool MatrixTest::Heals(const std::string& id) {
  return Becomes([this, &id] { return ReadAnew(id).ok(); }, std::chrono::seconds(20));
}

std::string MatrixTest::AdminPage(const std::string& path) const {
  return HttpGet(service_->admin_address(), path);
}

int MatrixTest::Refreshes(const std::string& kind, const std::string& result) const {
  const std::string metrics = AdminPage("/metrics");
  const std::string series =
      "balance_refreshes_total{kind=\"" + kind + "\",result=\"" + result + "\"} ";
  const auto at = metrics.find(series);
  return at == std::string::npos ? 0 : std::atoi(metrics.c_str() + at + series.size());
}

std::string CashOf(const v1::SourceBalance& source) {
  if (source.balance_set().balances().empty()) return {};
  return source.balance_set().balances(0).cash().value();
}

const char* IdOf(Side side) { return side == Side::kPolymarket ? kPolymarketId : kPolysimId; }

int IndexOf(Side side) { return side == Side::kPolymarket ? kPolymarketUs : kPolySimulator; }

std::string LoopbackUrl(const std::string& scheme, std::uint16_t port) {
  return scheme + "://127.0.0.1:" + std::to_string(port);
}

}  // namespace balance
