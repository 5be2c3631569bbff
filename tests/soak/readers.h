#pragma once

// Callers that read snapshots at a steady rate, each with a deadline of its own.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "proto/balance_v1_grpc.h"

namespace balance {

// Thread-safe.
struct Tally {
  std::atomic<long> calls = 0;
  std::atomic<long> complete = 0;
  std::atomic<long> partial = 0;
  std::atomic<long> failed = 0;
  // Number of calls that ended more than the `lateness` of Readers after their deadline.
  std::atomic<long> late = 0;
  // Lateness of the latest call; negative if all were in time.
  std::atomic<long> latest_us = std::numeric_limits<long>::min();
};

class Readers {
 public:
  using MakeRequest = std::function<v1::GetAccountSnapshotRequest(std::mt19937_64&)>;
  using OnAnswer = std::function<void(const v1::AccountSnapshot&, const v1::ReadPolicy&)>;

  // Read from now until `end`; a call that ends more than `lateness` after its deadline is late.
  // `make` and `on_answer` are called on many threads at once; they and
  // `stub` must outlive this.
  Readers(v1::BalanceService::Stub& stub, int reads_per_second, std::uint64_t seed,
          std::chrono::steady_clock::time_point end, std::chrono::milliseconds lateness,
          MakeRequest make, OnAnswer on_answer);

  // Waits for the end.
  void Join() { threads_.clear(); }

  const Tally& tally() const { return tally_; }
  // Prints how many calls there were so far, on one line without its end.
  void PrintCalls() const;
  // Prints the lateness of all; whether no call was late and there was one at all.
  bool JudgeLateness() const;

 private:
  void ReadOnAndOn(std::uint64_t seed, std::chrono::nanoseconds interval,
                   std::chrono::steady_clock::time_point end);
  void ReadOnce(std::mt19937_64& random);

  v1::BalanceService::Stub& stub_;
  const std::chrono::milliseconds lateness_;
  const MakeRequest make_;
  const OnAnswer on_answer_;
  Tally tally_;
  std::vector<std::jthread> threads_;
};

}  // namespace balance
