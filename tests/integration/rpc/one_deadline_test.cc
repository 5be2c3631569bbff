// One venue hangs, the other has answered, and many callers run out of time at one instant.

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::seconds;

class OneDeadlineTest : public ServiceFixture {
 protected:
  static constexpr int kCalls = 1000;

  OneDeadlineTest() {
    AddAccount("desk-1");
    AddAccount("busy");
    Serve();
    Real("desk-1").AnswerWith("1.00");
    Paper("desk-1").Hang();
  }

  // The service has worked before, and knows what an answer takes on this machine.
  void WorkForAWhile() {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/busy");
    request.mutable_policy()->mutable_max_age();
    v1::AccountSnapshot response;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(Get(request, response).ok());
  }

  struct Call {
    grpc::ClientContext context;
    v1::AccountSnapshot response;
    grpc::Status status;
  };

  // Waits for all calls.
  void CallAllAtOnce(Duration time_left) {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/desk-1");
    const auto deadline = std::chrono::system_clock::now() + time_left;
    open_ = kCalls;
    for (int i = 0; i < kCalls; ++i) {
      Call& call = calls_.emplace_back();
      call.context.set_deadline(deadline);
      stub_->async()->GetAccountSnapshot(&call.context, &request, &call.response,
                                         [this, &call](const grpc::Status& status) {
                                           call.status = status;
                                           if (--open_ == 0) open_.notify_one();
                                         });
    }
    for (int left = open_; left > 0; left = open_) open_.wait(left);
  }

  std::deque<Call> calls_;
  std::atomic<int> open_ = 0;
};

TEST_F(OneDeadlineTest, M112_AThousandCallsBesideOtherLoadGetTheOtherVenuesFigure) {
  WorkForAWhile();
  std::atomic<bool> stop = false;
  std::thread load([&] {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/busy");
    v1::AccountSnapshot response;
    while (!stop) EXPECT_TRUE(Get(request, response).ok());
  });

  CallAllAtOnce(seconds(3));
  stop = true;
  load.join();

  int answered = 0;
  for (const Call& call : calls_) {
    if (!call.status.ok()) continue;
    ++answered;
    EXPECT_EQ(call.response.sources(0).state(), v1::SourceBalance::FRESH);
    EXPECT_EQ(call.response.sources(1).state(), v1::SourceBalance_State_NO_DATA);
  }
  RecordProperty("answered", answered);
  // Some may be late on a machine that does much else at the time, as other tests; without a
  // schedule 18 of 1,000 were in time.
  EXPECT_GE(answered, kCalls / 2);
}

}  // namespace
}  // namespace balance
