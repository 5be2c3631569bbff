#include "service/server/file_changes.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

namespace balance {
namespace {

// One file, whose size tells its states apart.
FileState OfSize(off_t size) {
  struct stat status {};
  status.st_size = size;
  return FileStateOf(status);
}

FileStates Read(off_t size) { return {{"a", OfSize(size)}}; }

FileChanges::Look Finds(std::optional<FileState> state) {
  return [state](const std::string&) { return state; };
}

TEST(FileChangesTest, WhatWasReadIsNoChange) {
  FileChanges changes(Read(1));

  EXPECT_FALSE(changes.AreReady(Finds(OfSize(1))));
  EXPECT_FALSE(changes.AreReady(Finds(OfSize(1))));
}

TEST(FileChangesTest, AChangeIsReadyOnceTheFileRests) {
  FileChanges changes(Read(1));

  EXPECT_FALSE(changes.AreReady(Finds(OfSize(2))));
  EXPECT_TRUE(changes.AreReady(Finds(OfSize(2))));
  EXPECT_FALSE(changes.AreReady(Finds(OfSize(2))));
}

TEST(FileChangesTest, AFileThatIsStillWrittenIsNotReady) {
  FileChanges changes(Read(1));

  for (off_t size = 2; size < 10; ++size)
    EXPECT_FALSE(changes.AreReady(Finds(OfSize(size)))) << size;
  EXPECT_TRUE(changes.AreReady(Finds(OfSize(9))));
}

TEST(FileChangesTest, AFileThatIsGoneAndBackIsAChange) {
  FileChanges changes(Read(1));

  EXPECT_FALSE(changes.AreReady(Finds(std::nullopt)));
  EXPECT_FALSE(changes.AreReady(Finds(OfSize(1))));
  EXPECT_TRUE(changes.AreReady(Finds(OfSize(1))));
}

TEST(FileChangesTest, EachFileIsLookedAtAndOneIsEnough) {
  FileChanges changes({{"a", OfSize(1)}, {"b", std::nullopt}, {"c", OfSize(1)}});
  std::multiset<std::string> seen;
  const auto look = [&seen](const std::string& path) -> std::optional<FileState> {
    seen.insert(path);
    return OfSize(1);
  };

  EXPECT_FALSE(changes.AreReady(look));
  EXPECT_EQ(seen, (std::multiset<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(changes.AreReady(look));
}

}  // namespace
}  // namespace balance
