#pragma once

// The real handlers and feeds without sockets, on a clock that the test moves.

#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {

class NullRpcObserver final : public RpcObserver {
 public:
  void OnStarted(RpcMethod) override {}
  void OnHandled(RpcMethod, grpc::StatusCode) override {}
  void OnDenied(const AccessDenial&) override {}
};

// A call whose answer the test looks at.
class TestCall final : public IncomingCall {
 public:
  explicit TestCall(const google::protobuf::MessageLite& request) : request_(BytesOf(request)) {}

  std::chrono::system_clock::time_point deadline() const override {
    if (!time_left) return std::chrono::system_clock::time_point::max();
    return std::chrono::system_clock::now() + *time_left;
  }
  Authorizations authorizations() const override { return {}; }
  PeerIdentity identity() const override { return {}; }
  std::string peer() const override { return {}; }
  const MessageBytes& request() override { return request_; }
  void Keep(std::unique_ptr<CallWork> work) override { work_ = std::move(work); }
  void Finish(MessageBytes answer, const grpc::Status& outcome) override {
    status = outcome;
    response = std::move(answer);
    if (on_finish) on_finish();
    ++finished;
  }

  void Leave() { work_->OnCallerLeft(); }

  template <typename Message>
  Message Parsed() const {
    Message message;
    EXPECT_TRUE(ParseBytes(response, message));
    return message;
  }
  // Address of the first bytes of the answer: answers that share them have been encoded once.
  const void* first_bytes() const {
    return GRPC_SLICE_START_PTR(response.get()->data.raw.slice_buffer.slices[0]);
  }

  // Time until the caller's deadline; unset: the caller has none.
  std::optional<std::chrono::milliseconds> time_left;
  std::function<void()> on_finish;
  // Set last.
  std::atomic<int> finished = 0;
  grpc::Status status;
  MessageBytes response;

 private:
  const MessageBytes request_;
  std::unique_ptr<CallWork> work_;
};

// Keeps gRPC initialised for the bytes of the calls: there is no server or channel that does.
class GrpcInUse {
 public:
  GrpcInUse() { grpc_init(); }
  ~GrpcInUse() { grpc_shutdown(); }
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
  TestCall& Call(RpcMethod method, const google::protobuf::MessageLite& request,
                 std::optional<std::chrono::milliseconds> time_left = std::nullopt);
  // The same without running the shard.
  TestCall& Handle(RpcMethod method, const google::protobuf::MessageLite& request,
                   std::optional<std::chrono::milliseconds> time_left = std::nullopt);

  // The upstream of the source answers its oldest request.
  void AnswerSource(const std::string& account, const std::string& source, const std::string& cash);
  void AnswerSource(const std::string& account, const std::string& source, Reading reading);

  const GrpcInUse grpc_;
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
