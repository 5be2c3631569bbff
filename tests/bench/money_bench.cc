#include <benchmark/benchmark.h>

#include <string>

#include "clients/core/decimal.h"

namespace balance::bench {
namespace {

void ParseText(benchmark::State& state, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(Decimal::Parse(text));
}

void ParseDecimal(benchmark::State& state) { ParseText(state, "1482.3175"); }

void ParseDecimalOf60Digits(benchmark::State& state) {
  ParseText(state, std::string(30, '8') + "." + std::string(30, '7'));
}

void PrintDecimal(benchmark::State& state) {
  const Decimal value = Decimal::Parse("1482.3175").value();
  for (auto _ : state) benchmark::DoNotOptimize(value.ToString());
}

void AddDecimalsOfTwoScales(benchmark::State& state) {
  const Decimal a = Decimal::Parse("1482.3175").value();
  const Decimal b = Decimal::Parse("216.5").value();
  for (auto _ : state) benchmark::DoNotOptimize(Decimal::Add(a, b));
}

BENCHMARK(ParseDecimal);
BENCHMARK(ParseDecimalOf60Digits);
BENCHMARK(PrintDecimal);
BENCHMARK(AddDecimalsOfTwoScales);

}  // namespace
}  // namespace balance::bench
