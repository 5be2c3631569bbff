#pragma once

// The real handlers behind the real transport and a gRPC channel, with scripted upstreams below the
// feeds.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "google/rpc/error_details.pb.h"
#include "proto/balance_v1_grpc.h"
#include "service/feed/account_handle.h"
#include "service/feed/shard.h"
#include "service/rpc/account_directory.h"
#include "service/rpc/balance_rpc.h"
#include "service/snapshot/account_view.h"
#include "service/transport/health_states.h"
#include "service/transport/method_table.h"
#include "service/transport/transport_server.h"
#include "tests/support/null_observer.h"
#include "tests/support/scripted_source.h"

namespace balance {

// What an error says, unpacked.
struct ErrorDetails {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  google::rpc::RetryInfo retry;
  bool has_retry = false;
};

ErrorDetails DetailsOf(const grpc::Status& status);

class CountingRpcObserver final : public RpcObserver {
 public:
  void OnStarted(RpcMethod) override { ++started; }
  void OnHandled(RpcMethod, StatusCode code, Duration) override {
    ++ended_[static_cast<std::size_t>(code)];
    ++handled;
  }
  void OnDenied(const AccessDenial& denial) override {
    const MutexLock lock(mutex_);
    denials_.push_back(denial);
  }

  std::vector<AccessDenial> denials() const {
    const MutexLock lock(mutex_);
    return denials_;
  }

  // Number of calls that ended with that code.
  const std::atomic<int>& Ended(grpc::StatusCode code) const {
    return ended_[static_cast<std::size_t>(code)];
  }

  std::atomic<int> started = 0;
  std::atomic<int> handled = 0;

 private:
  mutable Mutex mutex_;
  std::vector<AccessDenial> denials_ BALANCE_GUARDED_BY(mutex_);
  std::array<std::atomic<int>, kStatusCodeCount> ended_ = {};
};

// Accounts are added by the test, then Serve() is called. Every account has a real-money source
// "real" and a simulated one "paper".
class ServiceFixture : public testing::Test {
 protected:
  explicit ServiceFixture(LoadLimits load = {}, const TransportLimits& limits = {});
  ~ServiceFixture() override;

  void AddAccount(const std::string& id, CacheSettings cache = DefaultCache());
  // To everybody, or to these callers.
  void Serve(std::vector<CallerRule> callers = {}, std::shared_ptr<const TlsContext> tls = nullptr);

  // Long TTLs: what was read stays FRESH during a test unless it says otherwise.
  static CacheSettings DefaultCache();

  ScriptedUpstream& Real(const std::string& account) { return *upstreams_.at(account + "/real"); }
  ScriptedUpstream& Paper(const std::string& account) { return *upstreams_.at(account + "/paper"); }

  grpc::Status Get(const v1::GetAccountSnapshotRequest& request, v1::AccountSnapshot& response,
                   Duration timeout = std::chrono::seconds(5));
  grpc::Status GetSource(const v1::GetSourceBalanceRequest& request, v1::SourceBalance& response,
                         Duration timeout = std::chrono::seconds(5));

  // What a method, "/SERVICE/METHOD", says of such a request.
  grpc::Status SendBytes(const std::string& method, const std::string& bytes);
  // The same of a call that ends before its first message.
  grpc::Status SendNothing(const std::string& method);

  SystemClock clock_;
  NullObserver refresh_observer_;
  CountingRpcObserver rpc_observer_;
  Shard shard_;
  LoopHeartbeat heartbeat_{shard_.loop().get_executor(), clock_};
  AnswerSchedule schedule_{shard_.loop().get_executor(), clock_, heartbeat_};
  std::map<std::string, std::unique_ptr<ScriptedUpstream>> upstreams_;
  std::vector<std::shared_ptr<AccountPublisher>> publishers_;
  std::vector<std::shared_ptr<AccountFeed>> feeds_;
  AccountDirectory accounts_;
  Published<Served> served_;
  // The way of every source that is added later. Null: nothing is known of it.
  std::shared_ptr<const PathProbe> path_;
  BalanceRpc rpc_;
  HealthStates health_;
  MethodTable methods_;
  TransportServer server_;
  int port_ = 0;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;

 private:
  AccountFeed::SourceSpec MakeSpec(const std::string& account, const std::string& source,
                                   CacheSettings cache);
};

}  // namespace balance
