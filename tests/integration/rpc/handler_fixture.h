#pragma once

// The real handlers and feeds without sockets, on a clock that the test moves.

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/balance_v1.h"
#include "service/feed/account_handle.h"
#include "service/feed/answer_schedule.h"
#include "service/feed/loop_heartbeat.h"
#include "service/feed/shard.h"
#include "service/rpc/balance_rpc.h"
#include "service/snapshot/account_view.h"
#include "service/transport/call.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {

class NullRpcObserver final : public RpcObserver {
 public:
  void OnStarted(RpcMethod) override {}
  void OnHandled(RpcMethod, StatusCode, Duration) override {}
  void OnDenied(const AccessDenial&) override {}
};

// A call whose answer the test looks at.
class TestCall final : public Call {
 public:
  TestCall(const google::protobuf::MessageLite& request, std::optional<SteadyTime> deadline)
      : request_(request.SerializeAsString()), deadline_(deadline) {}

  std::optional<SteadyTime> deadline() const override { return deadline_; }
  const Metadata& metadata() const override { return metadata_; }
  const PeerIdentity& identity() const override { return identity_; }
  std::string peer() const override { return {}; }
  std::string_view request() const override { return request_; }
  void Keep(std::unique_ptr<CallWork> work) override { work_ = std::move(work); }
  void Finish(Response answer, CallStatus outcome) override {
    status = {static_cast<grpc::StatusCode>(outcome.code), outcome.message, outcome.details};
    response = std::move(answer);
    if (on_finish) on_finish();
    ++finished;
  }
  ServerStream& Open(std::unique_ptr<StreamHandler>) override { std::abort(); }

  void Leave() { work_->OnCallerLeft(); }

  template <typename Message>
  Message Parsed() const {
    std::string bytes(response.shared_body().view());
    bytes.append(reinterpret_cast<const char*>(response.tail().data()), response.tail().size());
    Message message;
    EXPECT_TRUE(message.ParseFromString(bytes));
    return message;
  }
  // Address of the first bytes of the answer: answers that share them have been encoded once.
  const void* first_bytes() const { return response.shared_body().data(); }

  std::function<void()> on_finish;
  // Set last.
  std::atomic<int> finished = 0;
  grpc::Status status;
  Response response;

 private:
  const std::string request_;
  const std::optional<SteadyTime> deadline_;
  const Metadata metadata_;
  const PeerIdentity identity_;
  std::unique_ptr<CallWork> work_;
};

// Accounts are added by the test, then Serve() is called. The loop of the shard runs only in Run(),
// on the test's thread.
class HandlerFixture : public testing::Test {
 protected:
  static constexpr CacheSettings kCache{std::chrono::seconds(2), std::chrono::seconds(5),
                                        std::chrono::seconds(60), std::chrono::milliseconds(500)};

  explicit HandlerFixture(LoadLimits limits = {});
  ~HandlerFixture() override;

  // `path`: the way of its sources; may be null.
  void AddAccount(const std::string& id, const std::vector<std::string>& sources,
                  std::shared_ptr<const PathProbe> path = nullptr);
  void Serve(std::size_t max_answer_size = std::numeric_limits<std::size_t>::max());

  // Does all that the loop has to do at this instant.
  void Run();
  void Advance(Duration by);

  // Handles the call and runs what it asks of the shard.
  TestCall& MakeCall(RpcMethod method, const google::protobuf::MessageLite& request,
                     std::optional<std::chrono::milliseconds> time_left = std::nullopt);
  // The same without running the shard.
  TestCall& Handle(RpcMethod method, const google::protobuf::MessageLite& request,
                   std::optional<std::chrono::milliseconds> time_left = std::nullopt);

  // The upstream of the source answers its oldest request.
  void AnswerSource(const std::string& account, const std::string& source, const std::string& cash);
  void AnswerSource(const std::string& account, const std::string& source, Reading reading);

  FakeClock clock_;
  NullObserver refreshes_;
  NullRpcObserver rpc_observer_;
  Shard shard_;
  LoopHeartbeat heartbeat_{shard_.loop().get_executor(), clock_};
  AnswerSchedule schedule_{shard_.loop().get_executor(), clock_, heartbeat_};
  std::map<std::string, std::unique_ptr<FakeUpstream>> upstreams_;
  std::vector<std::shared_ptr<AccountPublisher>> publishers_;
  std::vector<std::shared_ptr<AccountFeed>> feeds_;
  AccountDirectory accounts_;
  Published<Served> served_;
  BalanceRpc rpc_;
  std::deque<TestCall> calls_;
};

}  // namespace balance
