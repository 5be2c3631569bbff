#include "service/observe/process_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

namespace balance {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::Lt;

TEST(ProcessStatsTest, TheKernelTellsOfThisProcess) {
  const ProcessStats stats = ReadProcessStats();

  EXPECT_THAT(stats.resident_bytes, AllOf(Gt(100'000), Lt(stats.virtual_bytes)));
  EXPECT_GE(stats.cpu_seconds, 0);
  EXPECT_GT(stats.max_fds, 2);
  EXPECT_GT(stats.memory_limit_bytes, stats.resident_bytes);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  // The kernel counts from a boot time in whole seconds.
  EXPECT_THAT(stats.start_time_seconds, AllOf(Gt(now - 3600), Lt(now + 2)));
}

TEST(ProcessStatsTest, AnOpenDescriptorCounts) {
  const auto before = ReadProcessStats().open_fds;
  const int fd = dup(STDERR_FILENO);
  const auto after = ReadProcessStats().open_fds;
  close(fd);

  if (!before) GTEST_SKIP() << "this kernel does not tell";
  EXPECT_EQ(*after, *before + 1);
}

TEST(ProcessStatsTest, OnlyALimitThatCanBeReachedIsOne) {
  EXPECT_EQ(ParseMemoryLimit("268435456\n"), 268435456);
  for (const char* none : {"", "max\n", "9223372036854771712\n", "0\n"}) {
    EXPECT_TRUE(std::isinf(ParseMemoryLimit(none))) << none;
  }
}

}  // namespace
}  // namespace balance
