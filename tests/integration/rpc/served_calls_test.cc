// How calls get from the transport to their handlers, and how that ends.

#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServedCallsTest : public ServiceFixture {
 protected:
  // Calls in the background that wait for an upstream that never answers.
  class WaitingCalls {
   public:
    WaitingCalls(v1::BalanceService::Stub& stub, int count) {
      for (int i = 0; i < count; ++i) {
        contexts_.push_back(std::make_unique<grpc::ClientContext>());
        contexts_.back()->set_deadline(std::chrono::system_clock::now() + seconds(60));
        ended_.push_back(std::async(std::launch::async, [&stub, &context = *contexts_.back()] {
          v1::AccountSnapshot snapshot;
          return stub.GetAccountSnapshot(&context, {}, &snapshot);
        }));
      }
    }

    void Leave() {
      for (const auto& context : contexts_) context->TryCancel();
      for (auto& ended : ended_) ended.wait();
    }

   private:
    std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
    std::vector<std::future<grpc::Status>> ended_;
  };

  void AwaitStarted(int calls) const {
    const auto end = std::chrono::steady_clock::now() + seconds(10);
    while (rpc_observer_.started < calls && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    ASSERT_EQ(rpc_observer_.started, calls);
  }
};

TEST_F(ServedCallsTest, M49_CallsWhoseCallersLeftDuringTheStopAreWaitedFor) {
  constexpr int kCalls = 20;
  AddAccount("desk-1");
  Real("desk-1").Hang();
  Serve();
  WaitingCalls calls(*stub_, kCalls);
  AwaitStarted(kCalls);
  // The calls cannot end before the shard goes on.
  std::promise<void> go_on;
  shard_.Post([gate = go_on.get_future().share()] { gate.wait(); });

  calls.Leave();
  const auto stopped = std::async(std::launch::async, [this] { server_.Stop(); });

  EXPECT_EQ(stopped.wait_for(milliseconds(200)), std::future_status::timeout);
  EXPECT_EQ(rpc_observer_.handled, 0);
  go_on.set_value();
  EXPECT_EQ(stopped.wait_for(seconds(10)), std::future_status::ready);
  EXPECT_EQ(rpc_observer_.handled, kCalls);
}

TEST_F(ServedCallsTest, MoreCallsThanAreAwaitedAreAllAnswered) {
  constexpr int kCalls = 1000;
  AddAccount("desk-1");
  Serve();
  grpc::CompletionQueue queue;
  struct Call {
    grpc::ClientContext context;
    v1::AccountSnapshot snapshot;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::AccountSnapshot>> reader;
  };
  std::vector<Call> calls(kCalls);

  for (Call& call : calls) {
    call.reader = stub_->AsyncGetAccountSnapshot(&call.context, {}, &queue);
    call.reader->Finish(&call.snapshot, &call.status, &call);
  }

  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    const auto& call = *static_cast<Call*>(tag);
    EXPECT_TRUE(call.status.ok()) << call.status.error_message();
    EXPECT_TRUE(call.snapshot.completeness().complete());
  }
  EXPECT_EQ(Real("desk-1").requests(), 1);
}

TEST_F(ServedCallsTest, ACallWithoutAMessageIsRefusedAndCountsForNothing) {
  AddAccount("desk-1");
  Serve();

  for (const char* method : kRpcMethodNames) {
    const auto status = SendNothing(std::string("/balance.v1.BalanceService/") + method);

    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
  EXPECT_EQ(rpc_observer_.started, 0);
  EXPECT_EQ(rpc_observer_.handled, 0);
}

// More accounts than are encoded at once.
class ManyAccountsAtOnceTest : public ServedCallsTest {
 protected:
  static constexpr int kAccounts = 3 * static_cast<int>(AccountReads::kAccountsEncodedAtOnce);

  ManyAccountsAtOnceTest() {
    for (int i = 0; i < kAccounts; ++i) {
      AddAccount("desk-" + std::to_string(i));
      batch_request_.add_names("accounts/desk-" + std::to_string(i));
    }
    Serve();
  }

  void ExpectAll(const google::protobuf::RepeatedPtrField<v1::AccountSnapshot>& snapshots) {
    std::set<std::string> names;
    for (const v1::AccountSnapshot& snapshot : snapshots) {
      names.insert(snapshot.name());
      EXPECT_TRUE(snapshot.completeness().complete());
      EXPECT_TRUE(snapshot.has_serve_time());
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kAccounts));
  }

  v1::BatchGetAccountSnapshotsRequest batch_request_;
};

TEST_F(ManyAccountsAtOnceTest, ABatchOfMissesAnswersWithAll) {
  grpc::ClientContext context;
  v1::BatchGetAccountSnapshotsResponse response;

  const auto status = stub_->BatchGetAccountSnapshots(&context, batch_request_, &response);

  EXPECT_TRUE(status.ok()) << status.error_message();
  ExpectAll(response.snapshots());
}

TEST_F(ManyAccountsAtOnceTest, AListFromTheCacheAnswersWithAll) {
  grpc::ClientContext batch_context;
  v1::BatchGetAccountSnapshotsResponse batch;
  ASSERT_TRUE(stub_->BatchGetAccountSnapshots(&batch_context, batch_request_, &batch).ok());
  grpc::ClientContext context;
  v1::ListAccountSnapshotsResponse response;

  const auto status = stub_->ListAccountSnapshots(&context, {}, &response);

  EXPECT_TRUE(status.ok()) << status.error_message();
  ExpectAll(response.snapshots());
}

TEST_F(ManyAccountsAtOnceTest, ListSourcesNamesAll) {
  grpc::ClientContext context;
  v1::ListSourcesRequest request;
  request.set_page_size(2 * kAccounts);
  v1::ListSourcesResponse response;

  const auto status = stub_->ListSources(&context, request, &response);

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.sources_size(), 2 * kAccounts);
}

}  // namespace
}  // namespace balance
