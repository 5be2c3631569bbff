#include "clients/core/secret_memory.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <thread>
#include <vector>

namespace balance {
namespace {

class SecretMemoryTest : public testing::Test {
 protected:
  SecretMemoryTest() { EXPECT_GE(sodium_init(), 0); }

  const unsigned char* Keep(const std::string& bytes) { return memory_.Keep(bytes); }
  static std::string Text(const unsigned char* kept, std::size_t size) {
    return {reinterpret_cast<const char*>(kept), size};
  }

  SecretMemory memory_;
};

using SecretMemoryDeathTest = SecretMemoryTest;

TEST_F(SecretMemoryTest, ManySmallSecretsShareARegion) {
  std::vector<const unsigned char*> kept;
  for (int i = 0; i < 500; ++i) kept.push_back(Keep("secret " + std::to_string(i + 1000)));

  EXPECT_EQ(memory_.regions(), 1U);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(Text(kept[static_cast<std::size_t>(i)], 11), "secret " + std::to_string(i + 1000));
  }

  for (const unsigned char* one : kept) memory_.Forget(one, 11);
}

TEST_F(SecretMemoryTest, ARegionGoesWithItsLastSecret) {
  const auto* first = Keep("first");
  const auto* second = Keep("second");

  memory_.Forget(first, 5);
  EXPECT_EQ(memory_.regions(), 1U);

  memory_.Forget(second, 6);
  EXPECT_EQ(memory_.regions(), 0U);
}

TEST_F(SecretMemoryTest, WhatIsForgottenIsWiped) {
  const auto* neighbour = Keep("neighbour");
  const auto* gone = Keep("gone");

  memory_.Forget(gone, 4);

  EXPECT_EQ(Text(gone, 4), std::string(4, '\0'));
  EXPECT_EQ(Text(neighbour, 9), "neighbour");
  memory_.Forget(neighbour, 9);
}

TEST_F(SecretMemoryTest, AForgottenPlaceIsUsedAgain) {
  const auto* neighbour = Keep("neighbour");
  const auto* gone = Keep("gone");
  memory_.Forget(gone, 4);

  EXPECT_EQ(Keep("new"), gone);

  memory_.Forget(gone, 3);
  memory_.Forget(neighbour, 9);
}

TEST_F(SecretMemoryTest, LargeOnesHaveMemoryOfTheirOwn) {
  const std::string large(SecretMemory::kLargestShared + 1, 'x');

  const auto* kept = Keep(large);

  EXPECT_EQ(Text(kept, large.size()), large);
  EXPECT_EQ(memory_.regions(), 0U);
  memory_.Forget(kept, large.size());
}

TEST_F(SecretMemoryTest, SizesFromNoneToTheLargestShared) {
  for (std::size_t size = 0; size <= SecretMemory::kLargestShared; ++size) {
    const std::string bytes(size, 'y');
    const auto* kept = Keep(bytes);
    EXPECT_EQ(Text(kept, size), bytes);
    memory_.Forget(kept, size);
  }
  EXPECT_EQ(memory_.regions(), 0U);
}

TEST_F(SecretMemoryTest, MoreThanARegionHolds) {
  constexpr std::size_t kCount = 3 * SecretMemory::kRegionBytes / 32 + 1;
  std::vector<const unsigned char*> kept;
  for (std::size_t i = 0; i < kCount; ++i) kept.push_back(Keep(std::to_string(i)));

  EXPECT_EQ(memory_.regions(), 4U);

  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(Text(kept[i], std::to_string(i).size()), std::to_string(i));
    memory_.Forget(kept[i], std::to_string(i).size());
  }
  EXPECT_EQ(memory_.regions(), 0U);
}

TEST_F(SecretMemoryTest, ThreadsReadWhileOthersWrite) {
  const auto* read = Keep("read all the time");
  std::thread writer([this] {
    for (int i = 0; i < 1000; ++i) memory_.Forget(Keep("comes and goes"), 14);
  });
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(Text(read, 17), "read all the time");
  writer.join();

  memory_.Forget(read, 17);
}

TEST_F(SecretMemoryTest, WhatIsForgottenInABatchIsWipedAtOnce) {
  const auto* neighbour = Keep("neighbour");
  const auto* gone = Keep("gone");
  const SecretMemory::Batch batch(memory_);

  memory_.Forget(gone, 4);

  EXPECT_EQ(Text(gone, 4), std::string(4, '\0'));
  EXPECT_EQ(Text(neighbour, 9), "neighbour");
  memory_.Forget(neighbour, 9);
}

TEST_F(SecretMemoryTest, ARegionGoesWithItsLastSecretInABatch) {
  const SecretMemory::Batch batch(memory_);
  memory_.Forget(Keep("first"), 5);
  EXPECT_EQ(memory_.regions(), 0U);

  const auto* second = Keep("second");
  EXPECT_EQ(Text(second, 6), "second");
  memory_.Forget(second, 6);
}

TEST_F(SecretMemoryDeathTest, ABatchLeavesNothingThatMayBeWritten) {
  const auto* before = Keep("before");
  const unsigned char* kept = nullptr;
  const std::string long_secret(100, 'x');
  const unsigned char* elsewhere = nullptr;
  {
    const SecretMemory::Batch batch(memory_);
    const SecretMemory::Batch inner(memory_);
    kept = Keep("kept");
    elsewhere = Keep(long_secret);
    memory_.Forget(Keep(long_secret), 100);
  }

  EXPECT_DEATH(*const_cast<unsigned char*>(before) = 'x', "");
  EXPECT_DEATH(*const_cast<unsigned char*>(kept) = 'x', "");
  EXPECT_DEATH(*const_cast<unsigned char*>(elsewhere) = 'x', "");

  memory_.Forget(before, 6);
  memory_.Forget(kept, 4);
  memory_.Forget(elsewhere, 100);
}

TEST_F(SecretMemoryDeathTest, ABatchLeavesAloneWhatItDoesNotChange) {
  const auto* kept = Keep("kept");
  const SecretMemory::Batch batch(memory_);
  const auto* longer = Keep(std::string(100, 'x'));

  EXPECT_DEATH(*const_cast<unsigned char*>(kept) = 'x', "");

  memory_.Forget(kept, 4);
  memory_.Forget(longer, 100);
}

TEST_F(SecretMemoryDeathTest, NothingElseMayWriteThere) {
  const auto* kept = Keep("kept");

  EXPECT_DEATH(*const_cast<unsigned char*>(kept) = 'x', "");

  memory_.Forget(kept, 4);
}

}  // namespace
}  // namespace balance
