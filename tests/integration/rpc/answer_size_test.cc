// Answers that would be longer than callers take: refused by an error of ours that names a remedy,
// before gRPC's client refuses them by one that does not.

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "service/snapshot/encode.h"
#include "tests/integration/rpc/handler_fixture.h"
#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Longest answer that gRPC's clients take unless they are told otherwise.
constexpr std::size_t kClientLimit = std::size_t{4} * 1024 * 1024;

class AnswerSizeTest : public HandlerFixture {
 protected:
  void Start(int accounts, int withdrawals, std::size_t max_answer_size) {
    for (int i = 0; i < accounts; ++i) AddAccount(Id(i), {"real"});
    Serve(max_answer_size);
    for (int i = 0; i < accounts; ++i) {
      Get(i, v1::BASIC);
      Reading reading = MakeReading("1.00", clock_.WallNow(), clock_.SteadyNow());
      auto& of_row = reading.balances.front().pending_withdrawals;
      of_row.resize(static_cast<std::size_t>(withdrawals));
      for (PendingWithdrawal& withdrawal : of_row) {
        withdrawal.id = "0f0e0d0c-0b0a-0908-0706-050403020100";
        withdrawal.description = std::string(120, 'd');
      }
      AnswerSource(Id(i), "real", std::move(reading));
    }
  }

  static std::string Id(int i) { return "desk-" + std::to_string(100 + i); }

  const TestCall& Get(int account, v1::BalanceView view, bool filtered = false) {
    v1::GetAccountSnapshotRequest request;
    request.set_name(AccountName(Id(account)));
    request.set_view(view);
    if (filtered) request.add_sources("real");
    return MakeCall(RpcMethod::kGetAccountSnapshot, request);
  }

  const TestCall& GetSource(v1::BalanceView view) {
    v1::GetSourceBalanceRequest request;
    request.set_name(AccountName(Id(0)) + "/sources/real");
    request.set_view(view);
    return MakeCall(RpcMethod::kGetSourceBalance, request);
  }

  const TestCall& Batch(int names, v1::BalanceView view) {
    v1::BatchGetAccountSnapshotsRequest request;
    for (int i = 0; i < names; ++i) request.add_names(AccountName(Id(i)));
    request.set_view(view);
    return Ended(MakeCall(RpcMethod::kBatchGetAccountSnapshots, request));
  }

  const TestCall& List(int page_size, v1::BalanceView view) {
    v1::ListAccountSnapshotsRequest request;
    request.set_page_size(page_size);
    request.set_view(view);
    return Ended(MakeCall(RpcMethod::kListAccountSnapshots, request));
  }

  const TestCall& ListSources(int page_size) {
    v1::ListSourcesRequest request;
    request.set_page_size(page_size);
    return Ended(MakeCall(RpcMethod::kListSources, request));
  }

  static const TestCall& Ended(const TestCall& call) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(60);
    while (call.finished == 0 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
    EXPECT_EQ(call.finished, 1);
    return call;
  }

  template <typename Matcher>
  static void ExpectTooLarge(const TestCall& call, Matcher remedy) {
    EXPECT_EQ(call.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    const ErrorDetails details = DetailsOf(call.status);
    EXPECT_EQ(details.info.reason(), "ANSWER_TOO_LARGE");
    EXPECT_FALSE(details.has_retry);
    EXPECT_THAT(call.status.error_message(), remedy);
  }

  static void ExpectFits(const TestCall& call, std::size_t limit) {
    EXPECT_TRUE(call.status.ok()) << call.status.error_message();
    EXPECT_LE(call.response.size(), limit);
  }
};

TEST_F(AnswerSizeTest, M125_FortyAccountsWithAThousandWithdrawalsEach) {
  Start(40, 1000, kClientLimit);

  ExpectTooLarge(List(0, v1::FULL), AllOf(HasSubstr("view: BASIC"), HasSubstr("page_size")));
  ExpectTooLarge(Batch(40, v1::FULL), AllOf(HasSubstr("view: BASIC"), HasSubstr("fewer names")));
  ExpectFits(List(0, v1::BASIC), kClientLimit);
  ExpectFits(Batch(40, v1::BASIC), kClientLimit);
  ExpectFits(List(10, v1::FULL), kClientLimit);
  ExpectFits(Batch(10, v1::FULL), kClientLimit);
}

TEST_F(AnswerSizeTest, M125_OneAccountThatIsTooLarge) {
  constexpr std::size_t kLimit = std::size_t{64} * 1024;
  Start(1, 1000, kLimit);

  // The bytes that are ready, and those that are made for the call.
  for (const bool filtered : {false, true}) {
    ExpectTooLarge(Get(0, v1::FULL, filtered),
                   AllOf(HasSubstr("view: BASIC"), HasSubstr("fewer sources")));
    ExpectFits(Get(0, v1::BASIC, filtered), kLimit);
  }
  ExpectTooLarge(GetSource(v1::FULL), HasSubstr("view: BASIC"));
  ExpectFits(GetSource(v1::BASIC), kLimit);
}

TEST_F(AnswerSizeTest, M125_WhatIsTheSmallestAlreadyIsToldSo) {
  // Less than the configuration allows.
  Start(2, 0, 100);

  ExpectTooLarge(Get(0, v1::BASIC), AllOf(HasSubstr("fewer sources"), Not(HasSubstr("BASIC"))));
  ExpectTooLarge(GetSource(v1::BASIC), HasSubstr("server.max_answer_size"));
  ExpectTooLarge(Batch(2, v1::BASIC), AllOf(HasSubstr("fewer names"), Not(HasSubstr("BASIC"))));
  ExpectTooLarge(List(0, v1::BASIC), AllOf(HasSubstr("page_size"), Not(HasSubstr("BASIC"))));
  ExpectTooLarge(ListSources(0), AllOf(HasSubstr("page_size"), Not(HasSubstr("BASIC"))));
}

TEST_F(AnswerSizeTest, M125_APageOfSourcesThatIsTooLarge) {
  constexpr std::size_t kLimit = std::size_t{64} * 1024;
  std::vector<std::string> sources;
  for (int i = 0; i < 1000; ++i) sources.push_back("source-" + std::to_string(i));
  AddAccount("desk", sources);
  Serve(kLimit);

  ExpectTooLarge(ListSources(1000), HasSubstr("page_size"));
  ExpectFits(ListSources(0), kLimit);
}

}  // namespace
}  // namespace balance
