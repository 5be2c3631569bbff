#pragma once

// Clients of WatchAccountSnapshots of several kinds, all judged: who reads at once, who wants few
// snapshots, who leaves at any time, and who stops reading for a while.

#include <grpcpp/client_context.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "clients/balancectl/watch_view.h"
#include "proto/balance_v1_grpc.h"
#include "tests/soak/answer_log.h"

namespace balance {

class WatchingClients {
 public:
  // Call until Stop(), on threads of their own. What they are told is added to `log`, as of the
  // wallet "main"; both must outlive this.
  WatchingClients(v1::BalanceService::Stub& stub, AnswerLog& log, std::uint64_t seed);
  ~WatchingClients();

  // Whether each client shows a state that `is_right` finds right.
  bool DoAllShow(const std::function<bool(const ctl::WatchView&)>& is_right) const;

  // From now on nobody stops reading, and who has goes on.
  void BeCalm() { is_calm_ = true; }

  void Stop();

  // Prints what they saw. Whether there was enough of everything.
  bool Judge() const;

 private:
  enum class Kind : std::uint8_t { kPrompt, kSpaced, kLeaving, kStalling };
  class Client;

  v1::BalanceService::Stub& stub_;
  AnswerLog& log_;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_calm_ = false;
  std::atomic<long> streams_ = 0;
  std::atomic<long> snapshots_ = 0;
  std::atomic<long> heartbeats_ = 0;
  std::atomic<long> removed_ = 0;
  std::atomic<long> skipped_ = 0;
  std::atomic<long> goodbyes_ = 0;
  std::atomic<long> too_slow_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::jthread> threads_;
};

}  // namespace balance
