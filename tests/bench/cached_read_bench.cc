// What the handler of GetAccountSnapshot adds to gRPC's own work when the cache has the answer: the
// real handler with the real metrics, called without a server.

#include <benchmark/benchmark.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/test/default_reactor_test_peer.h>

#include "service/observe/metrics.h"
#include "service/rpc/balance_rpc.h"
#include "tests/bench/sample_account.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance::bench {
namespace {

// Built once and shared by all threads of a benchmark, as the service's is.
struct CachedAccount {
  CachedAccount() {
    publisher->OnAccountChange(SampleStatuses(polymarket_us::samples::kOrdinary));
    auto served = std::make_shared<Served>();
    served->accounts.Add("desk-1", {publisher, nullptr});
    serving.Publish(std::move(served));
  }

  const SystemClock clock;
  const std::shared_ptr<AccountPublisher> publisher =
      std::make_shared<AccountPublisher>("desk-1", "1789000000000000000", clock);
  Published<Served> serving;
  Metrics metrics;
  BalanceRpc rpc{serving, clock, metrics};
};

CachedAccount& SharedAccount() {
  static CachedAccount account;
  return account;
}

grpc::ByteBuffer BytesOf(const v1::GetAccountSnapshotRequest& request) {
  const grpc::Slice slice(request.SerializeAsString());
  return {&slice, 1};
}

void Answer(benchmark::State& state, const v1::GetAccountSnapshotRequest& request) {
  CachedAccount& account = SharedAccount();
  const grpc::ByteBuffer bytes = BytesOf(request);
  for (auto _ : state) {
    grpc::CallbackServerContext context;
    const grpc::testing::DefaultReactorTestPeer peer(&context);
    grpc::ByteBuffer response;
    account.rpc.GetAccountSnapshot(&context, &bytes, &response);
    if (!peer.test_status_set() || !peer.test_status().ok() || response.Length() == 0) {
      return state.SkipWithError("no answer from the cache");
    }
  }
}

// To subtract from the others, which include it.
void ServerContextAlone(benchmark::State& state) {
  for (auto _ : state) {
    grpc::CallbackServerContext context;
    const grpc::testing::DefaultReactorTestPeer peer(&context);
    grpc::ByteBuffer response;
    context.DefaultReactor()->Finish(grpc::Status::OK);
    benchmark::DoNotOptimize(peer.test_status_set());
  }
}

void AnswerCachedRead(benchmark::State& state) { Answer(state, {}); }

void AnswerCachedReadOfNamedAccount(benchmark::State& state) {
  v1::GetAccountSnapshotRequest request;
  request.set_name("accounts/desk-1");
  Answer(state, request);
}

void AnswerCachedReadWithMaxAge(benchmark::State& state) {
  v1::GetAccountSnapshotRequest request;
  request.mutable_policy()->mutable_max_age()->set_seconds(3600);
  Answer(state, request);
}

BENCHMARK(ServerContextAlone);
BENCHMARK(AnswerCachedRead)->ThreadRange(1, 2);
BENCHMARK(AnswerCachedReadOfNamedAccount);
BENCHMARK(AnswerCachedReadWithMaxAge);

}  // namespace
}  // namespace balance::bench
