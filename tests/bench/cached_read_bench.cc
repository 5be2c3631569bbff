// What the handler of GetAccountSnapshot adds to gRPC's own work when the cache has the answer.

#include <benchmark/benchmark.h>

#include <string>

#include "tests/bench/cached_account.h"

namespace balance::bench {
namespace {

// Built once and shared by all threads of a benchmark, as the service's is.
CachedAccount& OpenAccount() {
  static CachedAccount account(Access::kOpen);
  return account;
}

CachedAccount& AccountWithCallers() {
  static CachedAccount account(Access::kByToken);
  return account;
}

void Answer(benchmark::State& state, CachedAccount& account,
            const v1::GetAccountSnapshotRequest& request) {
  const std::string bytes = request.SerializeAsString();
  for (auto _ : state) {
    if (!account.Answer(bytes)) return state.SkipWithError("no answer from the cache");
  }
}

void AnswerCachedRead(benchmark::State& state) { Answer(state, OpenAccount(), PlainRequest()); }

void AnswerCachedReadWithToken(benchmark::State& state) {
  Answer(state, AccountWithCallers(), PlainRequest());
}

void AnswerCachedReadOfNamedAccount(benchmark::State& state) {
  Answer(state, OpenAccount(), NamedRequest());
}

void AnswerCachedReadWithMaxAge(benchmark::State& state) {
  Answer(state, OpenAccount(), RequestWithMaxAge());
}

BENCHMARK(AnswerCachedRead)->ThreadRange(1, 2);
BENCHMARK(AnswerCachedReadWithToken);
BENCHMARK(AnswerCachedReadOfNamedAccount);
BENCHMARK(AnswerCachedReadWithMaxAge);

}  // namespace
}  // namespace balance::bench
