// What one refresh costs besides HTTP: the signed request, and the reply.

#include <benchmark/benchmark.h>

#include "clients/polymarket_us/balances_request.h"
#include "clients/polymarket_us/parse_balances.h"
#include "clients/polysimulator/parse_balance.h"
#include "tests/bench/sample_replies.h"
#include "tests/unit/polymarket_us/samples.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance::bench {
namespace {

constexpr std::string_view kSeed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

template <typename Parse>
void ParseReply(benchmark::State& state, const std::string& body, Parse parse) {
  if (!parse(body, {})) return state.SkipWithError("the sample is refused");
  for (auto _ : state) benchmark::DoNotOptimize(parse(body, {}));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void ParsePolymarketUsReply(benchmark::State& state) {
  ParseReply(state, polymarket_us::samples::kOrdinary, polymarket_us::ParseBalances);
}

void ParsePolymarketUsReplyWith400Withdrawals(benchmark::State& state) {
  ParseReply(state, PolymarketReplyWithWithdrawals(kManyWithdrawals), polymarket_us::ParseBalances);
}

void ParsePolySimulatorReply(benchmark::State& state) {
  ParseReply(state, polysimulator::samples::kOrdinary, polysimulator::ParseBalance);
}

void SignOneMessage(benchmark::State& state) {
  const SigningKey key(DecodeSecretKey(kSeed).value().seed);
  for (auto _ : state) benchmark::DoNotOptimize(key.Sign("1756670000000GET/v1/account/balances"));
}

void BuildSignedPolymarketUsRequest(benchmark::State& state) {
  const SystemClock clock;
  const BaseUrl url{.host = "api.polymarket.us", .path_prefix = ""};
  const SigningKey key(DecodeSecretKey(kSeed).value().seed);
  const polymarket_us::Credentials login{"c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11", key};
  for (auto _ : state) {
    benchmark::DoNotOptimize(polymarket_us::BuildBalancesRequest(url, login, clock.WallNow()));
  }
}

BENCHMARK(ParsePolymarketUsReply);
BENCHMARK(ParsePolymarketUsReplyWith400Withdrawals);
BENCHMARK(ParsePolySimulatorReply);
BENCHMARK(SignOneMessage);
BENCHMARK(BuildSignedPolymarketUsRequest);

}  // namespace
}  // namespace balance::bench
