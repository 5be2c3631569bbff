// What callers are told who waited for sources, on a clock that the test moves: the real handlers
// and feeds, without sockets.

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "service/feed/answer_schedule.h"
#include "service/snapshot/encode.h"
#include "tests/integration/rpc/handler_fixture.h"
#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

class WaitingAnswersTest : public HandlerFixture {
 protected:
  WaitingAnswersTest() {
    for (const char* id : {"desk-1", "desk-2"}) AddAccount(id, {"real"});
    AddAccount("both", {"real", "paper"});
    Serve();
  }

  TestCall& Get(const std::string& account, v1::BalanceView view = v1::FULL) {
    v1::GetAccountSnapshotRequest request;
    request.set_name(AccountName(account));
    request.set_view(view);
    return MakeCall(RpcMethod::kGetAccountSnapshot, request);
  }

  TestCall& Batch() {
    v1::BatchGetAccountSnapshotsRequest request;
    for (const char* id : {"desk-1", "desk-2"}) request.add_names(AccountName(id));
    return MakeCall(RpcMethod::kBatchGetAccountSnapshots, request);
  }

  // A List that fetches.
  TestCall& List() {
    v1::ListAccountSnapshotsRequest request;
    request.mutable_policy()->set_only_if_cached(false);
    request.add_sources("accounts/desk-1/sources/real");
    request.add_sources("accounts/desk-2/sources/real");
    return MakeCall(RpcMethod::kListAccountSnapshots, request);
  }

  void Answer(const std::string& account, const std::string& cash) {
    AnswerSource(account, "real", cash);
  }
};

WallTime TimeOf(const google::protobuf::Timestamp& time) {
  return WallTime(seconds(time.seconds()) + Duration(time.nanos()));
}

// That nothing in the snapshot speaks of another instant than its serve time.
void ExpectOfOneInstant(const v1::AccountSnapshot& snapshot) {
  const WallTime served = TimeOf(snapshot.serve_time());
  int fresh = 0;
  for (const v1::SourceBalance& source : snapshot.sources()) {
    if (source.state() != v1::SourceBalance::FRESH) continue;
    ++fresh;
    EXPECT_GE(TimeOf(source.freshness().fresh_until()), served) << source.name();
  }
  EXPECT_EQ(snapshot.completeness().fresh(), fresh);
  EXPECT_EQ(snapshot.completeness().complete(), fresh == snapshot.sources_size());
}

// The revision that a reader of this account alone is shown.
std::int64_t RevisionOf(const TestCall& get) {
  return get.Parsed<v1::AccountSnapshot>().revision().number();
}

TEST_F(WaitingAnswersTest, AStopGivesNoOldReadingToWhoAsksForANewOneOrNone) {
  Get("desk-1");
  Answer("desk-1", "1.00");
  Advance(seconds(1));
  v1::GetSourceBalanceRequest request;
  request.set_name("accounts/desk-1/sources/real");
  request.mutable_policy()->mutable_max_age();
  const TestCall& call = MakeCall(RpcMethod::kGetSourceBalance, request);
  ASSERT_EQ(call.finished, 0);

  for (const auto& feed : feeds_) feed->Stop();
  Run();

  EXPECT_EQ(call.finished, 1);
  EXPECT_EQ(call.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailsOf(call.status).info.reason(), "FRESHNESS_UNSATISFIED");
  EXPECT_THAT(call.status.error_message(), HasSubstr("try again"));
}

TEST_F(WaitingAnswersTest, M111_ABatchIsOfTheInstantAtWhichItsLastAccountAnswered) {
  TestCall& batch = Batch();
  Answer("desk-1", "1.00");
  const std::int64_t revision_when_fresh = RevisionOf(Get("desk-1"));
  // Longer than the TTL of what the first has answered.
  Advance(seconds(3));
  ASSERT_EQ(batch.finished, 0);
  Answer("desk-2", "2.00");

  ASSERT_EQ(batch.finished, 1);
  const auto answer = batch.Parsed<v1::BatchGetAccountSnapshotsResponse>();
  for (const v1::AccountSnapshot& snapshot : answer.snapshots()) {
    ExpectOfOneInstant(snapshot);
    EXPECT_EQ(TimeOf(snapshot.serve_time()), clock_.WallNow());
  }
  const v1::AccountSnapshot& first = answer.snapshots(0);
  EXPECT_EQ(first.sources(0).state(), v1::SourceBalance::STALE);
  EXPECT_EQ(first.sources(0).freshness().outcome(), v1::Freshness::FETCHED);
  EXPECT_FALSE(first.completeness().complete());
  EXPECT_GT(first.revision().number(), revision_when_fresh);
}

TEST_F(WaitingAnswersTest, M111_AListThatFetchesIsOfOneInstant) {
  TestCall& list = List();
  Answer("desk-2", "2.00");
  Advance(milliseconds(2500));
  Answer("desk-1", "1.00");

  ASSERT_EQ(list.finished, 1);
  const auto answer = list.Parsed<v1::ListAccountSnapshotsResponse>();
  ASSERT_EQ(answer.snapshots_size(), 3);
  for (const int asked : {1, 2}) {
    ExpectOfOneInstant(answer.snapshots(asked));
    EXPECT_EQ(TimeOf(answer.snapshots(asked).serve_time()), clock_.WallNow());
  }
  EXPECT_EQ(answer.snapshots(2).sources(0).state(), v1::SourceBalance::STALE);
}

TEST_F(WaitingAnswersTest, M111_AStateThatAgesAtThatVeryInstantHasARevisionOfItsOwn) {
  TestCall& batch = Batch();
  Answer("desk-1", "1.00");
  const std::int64_t revision_when_fresh = RevisionOf(Get("desk-1"));
  // The loop hears of the second account's answer before its timer of the first one's age.
  upstreams_.at("desk-2/real")->AnswerWith("2.00");
  clock_.Advance(kCache.ttl + Duration(1));
  Run();

  ASSERT_EQ(batch.finished, 1);
  const auto answer = batch.Parsed<v1::BatchGetAccountSnapshotsResponse>();
  EXPECT_EQ(answer.snapshots(0).sources(0).state(), v1::SourceBalance::STALE);
  EXPECT_GT(answer.snapshots(0).revision().number(), revision_when_fresh);
}

TEST_F(WaitingAnswersTest, M111_WhatIsReadMeanwhileIsShown) {
  TestCall& batch = Batch();
  Answer("desk-1", "1.00");
  Advance(seconds(3));
  Get("desk-1");
  Answer("desk-1", "1.50");
  Answer("desk-2", "2.00");

  const auto answer = batch.Parsed<v1::BatchGetAccountSnapshotsResponse>();
  const v1::AccountSnapshot& first = answer.snapshots(0);
  EXPECT_EQ(first.sources(0).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(first.sources(0).balance_set().balances(0).cash().value(), "1.50");
  EXPECT_EQ(first.revision().number(), RevisionOf(Get("desk-1")));
}

TEST_F(WaitingAnswersTest, M111_HowEachWaitEndedIsStillTold) {
  TestCall& list = List();
  Answer("desk-1", "1.00");
  Advance(seconds(10));

  ASSERT_EQ(list.finished, 1);
  const auto answer = list.Parsed<v1::ListAccountSnapshotsResponse>();
  ASSERT_EQ(answer.snapshots_size(), 3);
  const v1::SourceBalance& answered = answer.snapshots(1).sources(0);
  EXPECT_EQ(answered.state(), v1::SourceBalance::STALE);
  EXPECT_EQ(answered.freshness().outcome(), v1::Freshness::FETCHED);
  const v1::SourceBalance& silent = answer.snapshots(2).sources(0);
  EXPECT_EQ(silent.state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_THAT(silent.failure().status().message(), HasSubstr("within the caller's deadline"));
}

// Each answer takes its time, as it does on a machine that has other work.
TEST_F(WaitingAnswersTest, M112_AThousandWithOneDeadlineAreToldOfTheVenueThatHasAnswered) {
  constexpr milliseconds kTimeLeft(1000);
  v1::GetAccountSnapshotRequest request;
  request.set_name("accounts/both");
  const SteadyTime deadline = clock_.SteadyNow() + kTimeLeft;
  std::vector<SteadyTime> finished;
  for (int i = 0; i < 1000; ++i) {
    MakeCall(RpcMethod::kGetAccountSnapshot, request, kTimeLeft).on_finish = [&] {
      clock_.Advance(std::chrono::microseconds(100));
      finished.push_back(clock_.SteadyNow());
    };
  }
  Answer("both", "1.00");
  for (int i = 0; i < 2000 && finished.size() < calls_.size(); ++i) Advance(milliseconds(1));

  ASSERT_EQ(finished.size(), calls_.size());
  EXPECT_LT(finished.back(), deadline);
  // Nobody is answered long before it is needed.
  EXPECT_GT(finished.front(), deadline - 1000 * AnswerSchedule::kLeastCost - milliseconds(150));
  for (const TestCall& call : calls_) {
    ASSERT_TRUE(call.status.ok()) << call.status.error_message();
    const auto snapshot = call.Parsed<v1::AccountSnapshot>();
    EXPECT_EQ(snapshot.sources(0).state(), v1::SourceBalance::FRESH);
    EXPECT_EQ(snapshot.sources(1).state(), v1::SourceBalance_State_NO_DATA);
  }
}

TEST_F(WaitingAnswersTest, M114_CallersWhoAreToldTheSameShareItsBytes) {
  for (int i = 0; i < 1000; ++i) Get("desk-1");
  Answer("desk-1", "1.00");

  std::set<const void*> encoded;
  std::map<int, int> outcomes;
  for (const TestCall& call : calls_) {
    ASSERT_EQ(call.finished, 1);
    encoded.insert(call.first_bytes());
    const auto snapshot = call.Parsed<v1::AccountSnapshot>();
    ++outcomes[snapshot.sources(0).freshness().outcome()];
    EXPECT_EQ(TimeOf(snapshot.serve_time()), clock_.WallNow());
  }
  EXPECT_EQ(outcomes[v1::Freshness::FETCHED], 1);
  EXPECT_EQ(outcomes[v1::Freshness::JOINED], 999);
  EXPECT_EQ(encoded.size(), 2U);
}

TEST_F(WaitingAnswersTest, M114_CallersWhoAskForLessDetailAreToldLess) {
  for (int i = 0; i < 100; ++i) Get("desk-1", i % 2 == 0 ? v1::FULL : v1::BASIC);
  Reading reading = MakeReading("1.00", clock_.WallNow(), clock_.SteadyNow());
  reading.balances.front().other_fields.emplace_back("note", "of the full view");
  upstreams_.at("desk-1/real")->AnswerWith(std::move(reading));
  Run();

  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const auto snapshot = calls_[i].Parsed<v1::AccountSnapshot>();
    EXPECT_THAT(snapshot.sources(0).balance_set().balances(0).other_fields(),
                SizeIs(i % 2 == 0 ? 1 : 0));
  }
}

TEST_F(WaitingAnswersTest, M114_CallersOfOneSourceShareItsBytes) {
  v1::GetSourceBalanceRequest request;
  request.set_name("accounts/desk-1/sources/real");
  for (int i = 0; i < 100; ++i) MakeCall(RpcMethod::kGetSourceBalance, request);
  Answer("desk-1", "1.00");

  std::set<const void*> encoded;
  for (const TestCall& call : calls_) {
    EXPECT_EQ(call.Parsed<v1::SourceBalance>().balance_set().balances(0).cash().value(), "1.00");
    encoded.insert(call.first_bytes());
  }
  EXPECT_EQ(encoded.size(), 2U);
}

TEST_F(WaitingAnswersTest, M114_WhatIsReadNextIsEncodedAnew) {
  TestCall& first = Get("desk-1");
  Answer("desk-1", "1.00");
  Advance(seconds(10));
  TestCall& second = Get("desk-1");
  Answer("desk-1", "2.00");

  EXPECT_EQ(first.Parsed<v1::AccountSnapshot>().sources(0).balance_set().balances(0).cash().value(),
            "1.00");
  EXPECT_EQ(
      second.Parsed<v1::AccountSnapshot>().sources(0).balance_set().balances(0).cash().value(),
      "2.00");
}

TEST_F(WaitingAnswersTest, M114_WhoHasLeftIsToldNothing) {
  for (int i = 0; i < 100; ++i) Get("desk-1");
  for (TestCall& call : calls_) call.Leave();
  Run();
  Answer("desk-1", "1.00");

  for (const TestCall& call : calls_) {
    EXPECT_EQ(call.finished, 1);
    EXPECT_EQ(call.status.error_code(), grpc::StatusCode::CANCELLED);
  }
}

}  // namespace
}  // namespace balance
