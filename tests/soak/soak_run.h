#pragma once

// One run of the service between a sandbox and many readers, with every answer judged.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>

#include "proto/balance_v1_grpc.h"
#include "tests/sandbox/sandbox.h"
#include "tests/soak/answer_log.h"
#include "tests/soak/judge.h"
#include "tests/soak/memory_watch.h"
#include "tests/soak/readers.h"
#include "tests/soak/service_process.h"
#include "tests/soak/soak_options.h"
#include "tests/soak/wrong_answers.h"

namespace balance {

// The part of a run in which the modes differ.
class SoakMode {
 public:
  virtual ~SoakMode() = default;

  // The next read of a reader. Called on many threads.
  virtual v1::GetAccountSnapshotRequest MakeRequest(std::mt19937_64& random) = 0;
  // Sees every answer, which was judged in itself already. Called on many threads.
  virtual void OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
                        AnswerLog& log) = 0;
  // Makes trouble. Called every SoakRun::kStep.
  virtual void Step(std::chrono::steady_clock::duration elapsed) = 0;
  // Looks at what the upstreams were asked since the last time. Called every SoakRun::kCheckEvery.
  virtual void Check() {}
  // Ends the trouble and what the mode has running.
  virtual void Calm() = 0;
  // Prints what the mode measured; whether it is as it should be.
  virtual bool Judge() = 0;
};

// Used on one thread.
class SoakRun {
 public:
  static constexpr std::chrono::milliseconds kStep{200};
  static constexpr std::chrono::seconds kCheckEvery{10};

  // Starts the service with its configuration `yaml` and its files in `folder`. Readings are FRESH
  // for `ttl`, and shown for `max_stale` past it. The upstreams and `options` must outlive this.
  SoakRun(const SoakOptions& options, sandbox::Sandbox& upstreams, const std::string& folder,
          const std::string& yaml, const JudgeTimes& times);

  ServiceProcess& service() { return service_; }
  v1::BalanceService::Stub& stub() { return *stub_; }
  AnswerLog& log() { return log_; }

  // Judges one answer. Thread-safe.
  void OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy, SoakMode& mode);

  // Reads for as long as the options say. Whether all went well.
  bool Run(const std::string& name, SoakMode& mode);

 private:
  void Check(std::chrono::steady_clock::duration elapsed, const Readers& readers, SoakMode& mode);
  bool JudgeEnd();

  const SoakOptions& options_;
  sandbox::Sandbox& upstreams_;
  const JudgeTimes times_;
  ServiceProcess service_;
  const std::unique_ptr<v1::BalanceService::Stub> stub_;
  AnswerLog log_;
  MemoryWatch memory_;
  WrongAnswers wrong_;
};

// A sandbox whose money moves every `move_every`. Throws std::runtime_error if it does not start.
std::unique_ptr<sandbox::Sandbox> StartUpstreams(const SoakOptions& options, Duration move_every);

// The cash that a source shows. REQUIRES: it has a balance set.
CashByCurrency CashShown(const v1::SourceBalance& source);
sandbox::Side SideOf(const v1::SourceBalance& source);

}  // namespace balance
