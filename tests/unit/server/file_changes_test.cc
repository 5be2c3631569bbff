#include "service/server/file_changes.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

// One file, whose size tells its states apart.
FileStates OfSize(off_t size) { return {{"a", FileState{1, 1, size, Duration(1), Duration(1)}}}; }

FileStates Missing() { return {{"a", std::nullopt}}; }

TEST(FileChangesTest, WhatWasReadIsNoChange) {
  FileChanges changes(OfSize(1));

  EXPECT_FALSE(changes.AreReady(OfSize(1)));
  EXPECT_FALSE(changes.AreReady(OfSize(1)));
}

TEST(FileChangesTest, AChangeIsReadyOnceTheFileRests) {
  FileChanges changes(OfSize(1));

  EXPECT_FALSE(changes.AreReady(OfSize(2)));
  EXPECT_TRUE(changes.AreReady(OfSize(2)));
  EXPECT_FALSE(changes.AreReady(OfSize(2)));
}

TEST(FileChangesTest, AFileThatIsStillWrittenIsNotReady) {
  FileChanges changes(OfSize(1));

  for (off_t size = 2; size < 10; ++size) EXPECT_FALSE(changes.AreReady(OfSize(size))) << size;
  EXPECT_TRUE(changes.AreReady(OfSize(9)));
}

TEST(FileChangesTest, AFileThatIsGoneAndBackIsAChange) {
  FileChanges changes(OfSize(1));

  EXPECT_FALSE(changes.AreReady(Missing()));
  EXPECT_FALSE(changes.AreReady(OfSize(1)));
  EXPECT_TRUE(changes.AreReady(OfSize(1)));
}

}  // namespace
}  // namespace balance
