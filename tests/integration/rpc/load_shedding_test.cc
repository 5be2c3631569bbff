// More work than the service takes on, and work for callers who have gone: rows of the fault matrix
// in tests/README.md.

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "service/snapshot/encode.h"
#include "tests/integration/rpc/handler_fixture.h"
#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More accounts than are encoded at once.
constexpr int kManyAccounts = 20;

// Holds up the first who asks, from Close() until Open().
class Gate final : public PathProbe {
 public:
  PathState Probe(Now) const override {
    if (is_closed_.exchange(false)) {
      entered_.release();
      opened_.acquire();
    }
    return {};
  }

  void Close() { is_closed_ = true; }
  void AwaitSomebody() { entered_.acquire(); }
  void Open() { opened_.release(); }

 private:
  mutable std::atomic<bool> is_closed_ = false;
  mutable std::binary_semaphore entered_{0};
  mutable std::binary_semaphore opened_{0};
};

class LoadSheddingTest : public HandlerFixture {
 protected:
  // Room for three answers about all accounts in the queue, and for two in the waits.
  LoadSheddingTest()
      : HandlerFixture(
            {.queued_accounts = 3 * kManyAccounts + 4, .awaited_accounts = 2 * kManyAccounts}) {
    for (int i = 0; i < kManyAccounts; ++i) AddAccount(Id(i), {"real"}, gate_);
    Serve();
  }

  static std::string Id(int i) { return "desk-" + std::to_string(i); }

  TestCall& Get(int account, std::optional<milliseconds> time_left = std::nullopt) {
    v1::GetAccountSnapshotRequest request;
    request.set_name(AccountName(Id(account)));
    return Handle(RpcMethod::kGetAccountSnapshot, request, time_left);
  }

  TestCall& List(bool only_if_cached = true, std::optional<milliseconds> time_left = std::nullopt) {
    v1::ListAccountSnapshotsRequest request;
    request.mutable_policy()->set_only_if_cached(only_if_cached);
    return Handle(RpcMethod::kListAccountSnapshots, request, time_left);
  }

  // From now on the encoding thread is busy with an answer about all accounts, until the gate is
  // opened.
  TestCall& KeepEncoderBusy() {
    gate_->Close();
    TestCall& call = Handle(RpcMethod::kListSources, v1::ListSourcesRequest());
    gate_->AwaitSomebody();
    return call;
  }

  // Runs the shard until that is so.
  template <typename Condition>
  bool Becomes(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      Run();
      std::this_thread::yield();
    }
    return true;
  }

  bool Ends(const TestCall& call) {
    return Becomes([&call] { return call.finished == 1; });
  }

  int Requests() const {
    int requests = 0;
    for (const auto& [source, upstream] : upstreams_) requests += upstream->requests();
    return requests;
  }

  static void ExpectOverloaded(const TestCall& call) {
    EXPECT_EQ(call.finished, 1);
    EXPECT_EQ(call.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    const ErrorDetails details = DetailsOf(call.status);
    EXPECT_EQ(details.info.reason(), "OVERLOADED");
    EXPECT_TRUE(details.has_retry);
    EXPECT_GT(details.retry.retry_delay().seconds(), 0);
  }

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

// The loop of the transport never looks through all accounts for a name.
TEST_F(LoadSheddingTest, M122_AnIdThatIsNotOnThePageIsSearchedOnTheQueue) {
  const auto list = [this](const std::string& source) -> TestCall& {
    v1::ListAccountSnapshotsRequest request;
    request.set_page_size(1);
    request.add_sources(source);
    return Handle(RpcMethod::kListAccountSnapshots, request);
  };
  TestCall& sources = KeepEncoderBusy();

  const TestCall& on_the_page = list("real");
  const TestCall& elsewhere = list(AccountName(Id(kManyAccounts - 1)) + "/sources/real");
  const TestCall& nowhere = list(AccountName(Id(kManyAccounts - 1)) + "/sources/other");
  const TestCall& searched = list("other");

  EXPECT_EQ(on_the_page.finished, 1);
  EXPECT_TRUE(on_the_page.status.ok()) << on_the_page.status.error_message();
  EXPECT_EQ(elsewhere.finished, 1);
  EXPECT_TRUE(elsewhere.status.ok()) << elsewhere.status.error_message();
  EXPECT_EQ(nowhere.finished, 1);
  EXPECT_EQ(DetailsOf(nowhere.status).info.reason(), "INVALID_READ_POLICY");
  EXPECT_EQ(searched.finished, 0);
  gate_->Open();
  ASSERT_TRUE(Ends(sources));
  ASSERT_TRUE(Ends(searched));
  EXPECT_EQ(DetailsOf(searched.status).info.reason(), "INVALID_READ_POLICY");
}

TEST_F(LoadSheddingTest, M122_AFullQueueRefusesAtOnceAndLeavesSingleAccountsAlone) {
  Get(0);
  Run();
  AnswerSource(Id(0), "real", "1.00");
  TestCall& sources = KeepEncoderBusy();
  TestCall& first = List();
  TestCall& second = List();

  ExpectOverloaded(List());
  v1::BatchGetAccountSnapshotsRequest batch;
  for (int i = 0; i < kManyAccounts; ++i) batch.add_names(AccountName(Id(i)));
  ExpectOverloaded(Handle(RpcMethod::kBatchGetAccountSnapshots, batch));
  ExpectOverloaded(Handle(RpcMethod::kListSources, v1::ListSourcesRequest()));
  const TestCall& get = Get(0);
  EXPECT_EQ(get.finished, 1);
  EXPECT_TRUE(get.status.ok());

  gate_->Open();
  for (const TestCall* call : {&sources, &first, &second}) {
    EXPECT_TRUE(Ends(*call));
    EXPECT_TRUE(call->status.ok());
  }
  TestCall& next = List();
  EXPECT_TRUE(Ends(next));
  EXPECT_TRUE(next.status.ok());
}

TEST_F(LoadSheddingTest, M122_WaitsForManyAccountsLeaveRoomForSingleOnes) {
  TestCall& list = List(false);
  ASSERT_TRUE(Becomes([this] { return Requests() == kManyAccounts; }));

  TestCall& refused = List(false);
  EXPECT_TRUE(Ends(refused));
  ExpectOverloaded(refused);
  std::vector<const TestCall*> gets;
  for (int i = 0; i < kManyAccounts; ++i) gets.push_back(&Get(i));
  Run();
  for (const TestCall* get : gets) EXPECT_EQ(get->finished, 0);
  ExpectOverloaded(Get(0));

  for (int i = 0; i < kManyAccounts; ++i) AnswerSource(Id(i), "real", "1.00");
  EXPECT_TRUE(Ends(list));
  EXPECT_TRUE(list.status.ok());
  for (const TestCall* get : gets) EXPECT_TRUE(get->status.ok());
  Advance(kCache.ttl + kCache.stale_while_revalidate + seconds(1));
  const TestCall& next = Get(0);
  Run();
  EXPECT_EQ(next.finished, 0);
}

TEST_F(LoadSheddingTest, M123_WhoLeavesTheQueueIsNotEncodedFor) {
  TestCall& sources = KeepEncoderBusy();
  TestCall& list = List();
  TestCall& other = List();
  list.Leave();
  gate_->Open();

  for (const TestCall* call : {&sources, &list, &other}) EXPECT_TRUE(Ends(*call));
  EXPECT_EQ(list.status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(other.status.ok());
}

TEST_F(LoadSheddingTest, M123_WhoseDeadlinePassesInTheQueueIsNotEncodedFor) {
  TestCall& sources = KeepEncoderBusy();
  TestCall& list = List(true, milliseconds(500));
  TestCall& without_deadline = List();
  clock_.Advance(seconds(1));
  gate_->Open();

  for (const TestCall* call : {&sources, &list, &without_deadline}) EXPECT_TRUE(Ends(*call));
  EXPECT_EQ(list.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(without_deadline.status.ok());
}

TEST_F(LoadSheddingTest, M123_NothingIsReadForWhoLeftOrRanOutOfTimeBeforeTheShardGotToThem) {
  TestCall& left = Get(0);
  TestCall& late = Get(1, milliseconds(500));
  left.Leave();
  clock_.Advance(seconds(1));

  Run();

  EXPECT_EQ(Requests(), 0);
  EXPECT_EQ(left.status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(late.finished, 1);
  EXPECT_EQ(late.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LoadSheddingTest, M123_NothingIsReadForAListThatIsLeftInTheQueue) {
  TestCall& sources = KeepEncoderBusy();
  TestCall& left = List(false);
  TestCall& late = List(false, milliseconds(500));
  left.Leave();
  clock_.Advance(seconds(1));
  gate_->Open();

  for (const TestCall* call : {&sources, &left, &late}) EXPECT_TRUE(Ends(*call));
  Run();
  EXPECT_EQ(Requests(), 0);
  EXPECT_EQ(left.status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(late.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(LoadSheddingTest, M123_WhoLeavesWhileAListWaitsGivesTheirRoomBack) {
  for (int round = 0; round < 3; ++round) {
    TestCall& list = List(false);
    ASSERT_TRUE(Becomes([&] { return list.finished == 1 || Requests() == kManyAccounts; }));
    ASSERT_EQ(list.finished, 0);
    list.Leave();
    EXPECT_TRUE(Ends(list));
    EXPECT_EQ(list.status.error_code(), grpc::StatusCode::CANCELLED);
  }
}

}  // namespace
}  // namespace balance
