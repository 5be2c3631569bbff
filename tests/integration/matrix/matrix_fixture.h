#pragma once

// What the tests of the fault matrix start from: the sandbox's two venues, a fault proxy before
// each, and a balance-service process that reads both through them.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/matrix/service_process.h"
#include "tests/integration/service/running_service.h"
#include "tests/sandbox/sandbox.h"
#include "tests/support/fault_proxy.h"

namespace balance {

inline constexpr const char* kPolymarketId = "polymarket-us";
inline constexpr const char* kPolysimId = "polysimulator";
// What the venues hold when a test begins.
inline constexpr const char* kPolymarketCash = "8123.4567";
inline constexpr const char* kPolysimCash = "4321.0987";

struct MatrixSetup {
  sandbox::SandboxOptions sandbox;
  std::string listen = "127.0.0.1:0";
  std::string drain_delay = "0s";
  // Of the gRPC port, as the configuration file names it.
  std::string engine = "NGHTTP2";
  // Settings of the `server` block beside these, such as ", max_watch_age: 1s".
  std::string more_server;
  std::string cache = "{ttl: 60s, min_refresh_interval: 0.001s}";
  std::string attempt_timeout = "0.4s";
  std::string refresh_budget = "0.8s";
  std::string rate = "requests_per_second: 1000, burst: 1000";
  // Empty: none.
  std::string tls_ca_file;
  // Accounts beside desk-1.
  std::string more_accounts;
  // Blocks of the configuration file beside those above.
  std::string more_yaml;
  // In place of a venue behind its proxy. Empty: the proxy.
  std::string polymarket_url;
  std::string polysim_url;
  // Added to the service's environment.
  std::vector<std::string> environment;
};

class MatrixTest : public testing::Test {
 protected:
  MatrixTest();
  // The service must have survived the test and end well. A second Start() needs it before.
  void TearDown() override;

  // Before all else.
  void Start(const MatrixSetup& setup = {});
  // What comes before the service: venues, proxies, and the files that YamlText() names.
  void StartUpstreams(const MatrixSetup& setup);
  // After StartUpstreams().
  void StartService(const MatrixSetup& setup);
  std::string YamlText(const MatrixSetup& setup) const;

  sandbox::Sandbox& upstreams() { return *sandbox_; }
  FaultProxy& polymarket() { return *polymarket_; }
  FaultProxy& polysim() { return *polysim_; }
  FaultProxy& ProxyOf(sandbox::Side side) {
    return side == sandbox::Side::kPolymarket ? polymarket() : polysim();
  }
  ServiceProcess& service() { return *service_; }

  // Every request of that side meets the fault, until ClearFaults().
  void Always(sandbox::Side side, sandbox::Fault fault);
  void SetPolymarketCash(const std::string& amount);
  void SetPolysimCash(const std::string& amount);

  // A channel that shares no connection with others.
  std::shared_ptr<grpc::Channel> NewChannel() const;
  // What is cached will not do; what is stale is shown if that fails.
  grpc::Status GetAnew(v1::AccountSnapshot& snapshot,
                       std::chrono::milliseconds timeout = std::chrono::seconds(5));
  grpc::Status Get(const v1::GetAccountSnapshotRequest& request, v1::AccountSnapshot& snapshot,
                   std::chrono::milliseconds timeout = std::chrono::seconds(5));
  // One source, anew or not at all.
  grpc::Status ReadAnew(const std::string& id, v1::SourceBalance& source,
                        std::chrono::milliseconds timeout = std::chrono::seconds(5));
  grpc::Status ReadAnew(const std::string& id);
  // Whether strict reads succeed again, soon.
  bool Heals(const std::string& id);

  // With its headers.
  std::string AdminPage(const std::string& path) const;
  // How many refreshes of the kind ended so; the kind and the result are words of the metric.
  int Refreshes(const std::string& kind, const std::string& result) const;

  TemporaryDirectory files_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<FaultProxy> polymarket_;
  std::unique_ptr<FaultProxy> polysim_;
  std::unique_ptr<ServiceProcess> service_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;

 private:
  CurlGlobal curl_;
};

// The cash of a source, "" if it has none.
std::string CashOf(const v1::SourceBalance& source);
const char* IdOf(sandbox::Side side);
int IndexOf(sandbox::Side side);
// A port on loopback as text of a base URL.
std::string LoopbackUrl(const std::string& scheme, std::uint16_t port);

}  // namespace balance
