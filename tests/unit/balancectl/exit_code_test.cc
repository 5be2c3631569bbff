#include "clients/balancectl/exit_code.h"

#include <gtest/gtest.h>

namespace balance::ctl {
namespace {

v1::AccountSnapshot Snapshot(bool complete) {
  v1::AccountSnapshot snapshot;
  snapshot.mutable_completeness()->set_complete(complete);
  return snapshot;
}

TEST(ExitCodeTest, OnlyACompleteSnapshotIsZero) {
  EXPECT_EQ(ExitCodeOf(Snapshot(true)), 0);
  EXPECT_EQ(ExitCodeOf(Snapshot(false)), 2);
}

TEST(ExitCodeTest, SnapshotThatSaysNothingIsPartial) {
  EXPECT_EQ(ExitCodeOf(v1::AccountSnapshot()), 2);
}

TEST(ExitCodeTest, OnePartialAccountMakesTheListPartial) {
  v1::ListAccountSnapshotsResponse list;
  *list.add_snapshots() = Snapshot(true);
  EXPECT_EQ(ExitCodeOf(list), 0);

  *list.add_snapshots() = Snapshot(false);
  EXPECT_EQ(ExitCodeOf(list), 2);
}

TEST(ExitCodeTest, UnreachableSourceMakesTheListPartial) {
  v1::ListAccountSnapshotsResponse list;
  *list.add_snapshots() = Snapshot(true);
  list.add_unreachable("accounts/a/sources/b");

  EXPECT_EQ(ExitCodeOf(list), 2);
}

TEST(ExitCodeTest, NoAccountsAreComplete) {
  EXPECT_EQ(ExitCodeOf(v1::ListAccountSnapshotsResponse()), 0);
}

}  // namespace
}  // namespace balance::ctl
