#include "service/observe/metrics.h"

#include <prometheus/text_serializer.h>

#include "proto/balance_v1.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

constexpr const char* kServiceName = "balance.v1.BalanceService";

// Seconds.
const prometheus::Histogram::BucketBoundaries kRefreshBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

constexpr std::array<const char*, kRpcMethodCount> kMethodNames = {
    "GetAccountSnapshot", "GetSourceBalance", "BatchGetAccountSnapshots", "ListAccountSnapshots",
    "ListSources"};

// As go-grpc-middleware writes them.
constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

Metrics::Metrics() {
  auto& started = prometheus::BuildCounter()
                      .Name("grpc_server_started_total")
                      .Help("RPCs started on the server.")
                      .Register(registry_);
  auto& handled = prometheus::BuildCounter()
                      .Name("grpc_server_handled_total")
                      .Help("RPCs completed on the server, regardless of success or failure.")
                      .Register(registry_);
  for (std::size_t method = 0; method < methods_.size(); ++method) {
    const prometheus::Labels labels = {{"grpc_type", "unary"},
                                       {"grpc_service", kServiceName},
                                       {"grpc_method", kMethodNames[method]}};
    methods_[method].started = &started.Add(labels);
    for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
      auto with_code = labels;
      with_code.emplace("grpc_code", kCodeNames[code]);
      methods_[method].handled[code] = &handled.Add(with_code);
    }
  }
  auto& refreshes = prometheus::BuildCounter()
                        .Name("balance_refreshes_total")
                        .Help("Refreshes of a source, by result: OK or the reason of the failure.")
                        .Register(registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("balance_refresh_seconds")
                      .Help("Duration of a refresh, failed ones included.")
                      .Register(registry_);
  for (const SourceKind kind : {SourceKind::kPolymarketUs, SourceKind::kPolySimulator}) {
    KindSeries& series = kinds_[static_cast<std::size_t>(kind)];
    const std::string name = v1::SourceKind_Name(ToProto(kind));
    series.succeeded = &refreshes.Add({{"kind", name}, {"result", "OK"}});
    for (int error = 0; error < kErrorKindCount; ++error) {
      const std::string reason(TraitsOf(static_cast<ErrorKind>(error)).reason);
      series.failed[static_cast<std::size_t>(error)] =
          &refreshes.Add({{"kind", name}, {"result", reason}});
    }
    series.seconds = &seconds.Add({{"kind", name}}, kRefreshBuckets);
  }
  auto& reloads = prometheus::BuildCounter()
                      .Name("balance_reloads_total")
                      .Help("Reloads of credentials on SIGHUP, by result.")
                      .Register(registry_);
  reloads_succeeded_ = &reloads.Add({{"result", "OK"}});
  reloads_failed_ = &reloads.Add({{"result", "REJECTED"}});
}

void Metrics::OnStarted(RpcMethod method) {
  methods_[static_cast<std::size_t>(method)].started->Increment();
}

void Metrics::OnHandled(RpcMethod method, grpc::StatusCode code) {
  methods_[static_cast<std::size_t>(method)].handled[static_cast<std::size_t>(code)]->Increment();
}

void Metrics::OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) {
  KindSeries& series = kinds_[static_cast<std::size_t>(before.info->kind)];
  series.seconds->Observe(std::chrono::duration<double>(took).count());
  if (result) {
    series.succeeded->Increment();
  } else {
    series.failed[static_cast<std::size_t>(result.error().kind)]->Increment();
  }
}

void Metrics::OnReload(bool succeeded) {
  (succeeded ? reloads_succeeded_ : reloads_failed_)->Increment();
}

std::string Metrics::Render() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace balance
