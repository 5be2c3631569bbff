#pragma once

// Callers who ask about everything, and most of whom leave before they are answered.

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "proto/balance_v1_grpc.h"

namespace balance {

class PassersBy {
 public:
  using OnAnswer = std::function<void(const v1::AccountSnapshot&, const v1::ReadPolicy&)>;

  // Call until Stop(), on threads of their own. `accounts` are ids. `on_answer` sees what those who
  // stay are told, and is called on many threads; it and `stub` must outlive this.
  PassersBy(v1::BalanceService::Stub& stub, const std::vector<std::string>& accounts,
            std::uint64_t seed, OnAnswer on_answer);

  void Stop();

  // Prints what they did. Whether any was answered at all, and any left.
  bool Judge() const;

 private:
  void CallOnAndOn(std::uint64_t seed);
  void ListAndLeave(std::mt19937_64& random);
  void Batch();
  void ListSources();

  v1::BalanceService::Stub& stub_;
  const std::vector<std::string> accounts_;
  const OnAnswer on_answer_;
  std::atomic<bool> stopped_ = false;
  std::atomic<long> answered_ = 0;
  std::atomic<long> left_ = 0;
  std::atomic<long> refused_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace balance
