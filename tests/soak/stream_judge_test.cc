#include "tests/support/stream_judge.h"

#include <gmock/gmock.h>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Message = v1::WatchAccountSnapshotsResponse;

constexpr const char* kSource = "accounts/a/sources/s";

Message Snapshot(std::int64_t number, std::int64_t skipped, std::int64_t observed) {
  Message message;
  message.set_skipped(skipped);
  auto& snapshot = *message.mutable_snapshot();
  snapshot.set_name("accounts/a");
  snapshot.mutable_revision()->set_epoch("one");
  snapshot.mutable_revision()->set_number(number);
  auto& source = *snapshot.add_sources();
  source.set_name(kSource);
  source.mutable_freshness()->mutable_observe_time()->set_seconds(observed);
  return message;
}

Message Heartbeat(std::int64_t observed) {
  Message message;
  auto& source = *message.mutable_heartbeat()->add_sources();
  source.set_name(kSource);
  source.mutable_observe_time()->set_seconds(observed);
  return message;
}

Message Removed() {
  Message message;
  message.set_removed("accounts/a");
  return message;
}

TEST(StreamJudgeTest, AStreamThatKeepsItsPromises) {
  StreamJudge judge;

  EXPECT_THAT(judge.Judge(Snapshot(7, 0, 100)), IsEmpty());
  EXPECT_THAT(judge.Judge(Heartbeat(101)), IsEmpty());
  EXPECT_THAT(judge.Judge(Snapshot(8, 0, 101)), IsEmpty());
  EXPECT_THAT(judge.Judge(Snapshot(12, 3, 102)), IsEmpty());
  EXPECT_THAT(judge.Judge(Removed()), IsEmpty());
  EXPECT_THAT(judge.Judge(Snapshot(1, 0, 103)), IsEmpty());
  EXPECT_EQ(judge.skipped(), 3);
}

TEST(StreamJudgeTest, SkippedThatDoesNotAddUp) {
  StreamJudge judge;
  judge.Judge(Snapshot(7, 0, 100));

  EXPECT_THAT(judge.Judge(Snapshot(9, 0, 100)), ElementsAre(HasSubstr("does not follow 7")));
  EXPECT_THAT(judge.Judge(Snapshot(10, 1, 100)), ElementsAre(HasSubstr("does not follow 9")));
}

TEST(StreamJudgeTest, RevisionsThatGoBackOrComeAgain) {
  StreamJudge judge;
  judge.Judge(Snapshot(7, 0, 100));

  EXPECT_THAT(judge.Judge(Snapshot(7, 0, 100)), ElementsAre(HasSubstr("comes behind 7")));
  EXPECT_THAT(judge.Judge(Snapshot(6, 0, 100)), ElementsAre(HasSubstr("comes behind 7")));
}

TEST(StreamJudgeTest, TimesThatGoBack) {
  StreamJudge judge;
  judge.Judge(Snapshot(7, 0, 100));

  EXPECT_THAT(judge.Judge(Heartbeat(99)), ElementsAre(HasSubstr("goes back")));
  EXPECT_THAT(judge.Judge(Snapshot(8, 0, 98)), ElementsAre(HasSubstr("goes back")));
}

TEST(StreamJudgeTest, AFirstSnapshotThatSkipsAndARemovalOfNothing) {
  StreamJudge judge;

  EXPECT_THAT(judge.Judge(Removed()), ElementsAre(HasSubstr("never been told of")));
  EXPECT_THAT(judge.Judge(Snapshot(7, 1, 100)), ElementsAre(HasSubstr("comes first")));
  EXPECT_THAT(judge.Judge(Message()), ElementsAre(HasSubstr("says nothing")));
}

}  // namespace
}  // namespace balance
