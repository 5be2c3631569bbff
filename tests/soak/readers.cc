#include "tests/soak/readers.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Enough of them that those who wait do not slow the others down.
constexpr int kReaders = 200;

}  // namespace

Readers::Readers(v1::BalanceService::Stub& stub, int reads_per_second, std::uint64_t seed,
                 steady_clock::time_point end, std::chrono::milliseconds lateness, MakeRequest make,
                 OnAnswer on_answer)
    : stub_(stub), lateness_(lateness), make_(std::move(make)), on_answer_(std::move(on_answer)) {
  const nanoseconds interval = nanoseconds(seconds(kReaders)) / reads_per_second;
  for (int i = 0; i < kReaders; ++i) {
    threads_.emplace_back([this, own_seed = seed + static_cast<std::uint64_t>(i), interval, end] {
      ReadOnAndOn(own_seed, interval, end);
    });
  }
}

void Readers::ReadOnAndOn(std::uint64_t seed, nanoseconds interval, steady_clock::time_point end) {
  std::mt19937_64 random(seed);
  auto next =
      steady_clock::now() + nanoseconds(random() % static_cast<std::uint64_t>(interval.count()));
  for (; next < end; next = std::max(next + interval, steady_clock::now())) {
    std::this_thread::sleep_until(next);
    ReadOnce(random);
  }
}

void Readers::ReadOnce(std::mt19937_64& random) {
  const auto patience = milliseconds(50 + random() % 900);
  const auto request = make_(random);
  grpc::ClientContext context;
  v1::AccountSnapshot snapshot;
  const auto begin = steady_clock::now();
  context.set_deadline(std::chrono::system_clock::now() + patience);
  const auto status = stub_.GetAccountSnapshot(&context, request, &snapshot);
  const auto over = steady_clock::now() - begin - patience;
  ++tally_.calls;
  if (over > lateness_) ++tally_.late;
  const long over_us = std::chrono::duration_cast<std::chrono::microseconds>(over).count();
  if (over_us > tally_.latest_us) tally_.latest_us = over_us;
  if (!status.ok()) {
    ++tally_.failed;
    return;
  }
  ++(snapshot.completeness().complete() ? tally_.complete : tally_.partial);
  on_answer_(snapshot, request.policy());
}

void Readers::PrintCalls() const {
  std::printf("%ld calls: %ld complete, %ld partial, %ld failed, %ld late", tally_.calls.load(),
              tally_.complete.load(), tally_.partial.load(), tally_.failed.load(),
              tally_.late.load());
}

bool Readers::JudgeLateness() const {
  std::printf("calls more than %lld ms past their deadline: %ld of %ld (latest %+.1f ms)\n",
              static_cast<long long>(lateness_.count()), tally_.late.load(), tally_.calls.load(),
              static_cast<double>(tally_.latest_us.load()) / 1000);
  return tally_.late == 0 && tally_.calls > 0;
}

}  // namespace balance
