// What one change of an account costs on its shard, after which reads are hits.

#include <benchmark/benchmark.h>

#include "service/snapshot/account_view.h"
#include "service/snapshot/encode.h"
#include "service/snapshot/merge.h"
#include "tests/bench/sample_account.h"
#include "tests/bench/sample_replies.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance::bench {
namespace {

using polymarket_us::samples::kOrdinary;

void MergeTotalsOfTwoSources(benchmark::State& state) {
  const auto views = SampleViews(kOrdinary);
  for (auto _ : state) benchmark::DoNotOptimize(MergeTotals(views));
}

void EncodeFull(benchmark::State& state, const std::string& polymarket_reply) {
  const auto views = SampleViews(polymarket_reply);
  const SnapshotRevision revision{"1789000000000000000", 7};
  std::size_t size = 0;
  for (auto _ : state) {
    size = EncodedSnapshot("desk-1", views, revision, EncodeView::kFull).view().size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}

void EncodeFullSnapshot(benchmark::State& state) { EncodeFull(state, kOrdinary); }

void EncodeFullSnapshotWith400Withdrawals(benchmark::State& state) {
  EncodeFull(state, PolymarketReplyWithWithdrawals(kManyWithdrawals));
}

void PublishAccountChange(benchmark::State& state) {
  const SystemClock clock;
  AccountPublisher publisher("desk-1", "1789000000000000000", clock);
  const auto statuses = SampleStatuses(kOrdinary);
  for (auto _ : state) publisher.OnAccountChange(statuses);
}

BENCHMARK(MergeTotalsOfTwoSources);
BENCHMARK(EncodeFullSnapshot);
BENCHMARK(EncodeFullSnapshotWith400Withdrawals);
BENCHMARK(PublishAccountChange);

}  // namespace
}  // namespace balance::bench
