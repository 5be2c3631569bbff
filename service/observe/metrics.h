#pragma once

// What the service counts, as Prometheus metrics. Labels are enumerated words only; account and
// source ids never become labels.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <string>
#include <vector>

#include "service/feed/source_feed.h"
#include "service/rpc/rpc_observer.h"

namespace balance {

// Thread-safe. Every series is resolved once, in the constructor.
class Metrics final : public RpcObserver, public RefreshObserver {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics() override = default;

  void OnStarted(RpcMethod method) override;
  void OnHandled(RpcMethod method, grpc::StatusCode code) override;
  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;

  void OnReload(bool succeeded);

  // In the Prometheus text format.
  std::string Render() const;

 private:
  static constexpr int kStatusCodeCount = 17;
  static constexpr int kSourceKindCount = 2;

  struct MethodSeries {
    prometheus::Counter* started = nullptr;
    std::array<prometheus::Counter*, kStatusCodeCount> handled{};
  };
  struct KindSeries {
    prometheus::Counter* succeeded = nullptr;
    std::array<prometheus::Counter*, kErrorKindCount> failed{};
    prometheus::Histogram* seconds = nullptr;
  };

  prometheus::Registry registry_;
  std::array<MethodSeries, kRpcMethodCount> methods_;
  std::array<KindSeries, kSourceKindCount> kinds_;
  prometheus::Counter* reloads_succeeded_ = nullptr;
  prometheus::Counter* reloads_failed_ = nullptr;
};

}  // namespace balance
