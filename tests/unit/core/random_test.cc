#include "clients/core/random.h"

#include <gtest/gtest.h>

#include <array>

namespace balance {
namespace {

TEST(RandomTest, TheSameSeedGivesTheSameNumbers) {
  const Random a = SeededRandom(7);
  const Random b = SeededRandom(7);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(a(), b());
}

TEST(RandomTest, IsEvenInItsRange) {
  constexpr int kDraws = 100'000;
  constexpr std::size_t kBins = 10;
  std::array<int, kBins> bins{};
  const Random random = SeededRandom(1);

  for (int i = 0; i < kDraws; ++i) {
    const double value = random();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    ++bins[static_cast<std::size_t>(value * kBins)];
  }

  for (const int count : bins) EXPECT_NEAR(count, kDraws / kBins, 500);
}

// The sources of a shard have seeds one after the other.
TEST(RandomTest, NeighbouringSeedsAreNotAlike) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) sum += SeededRandom(seed)();

  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

}  // namespace
}  // namespace balance
