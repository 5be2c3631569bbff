#include "service/server/descriptor_share.h"

#include <gtest/gtest.h>

#include <limits>

namespace balance {
namespace {

TEST(DescriptorShareTest, M71_UpstreamsGetAQuarterOfTheDescriptorsAtMost) {
  EXPECT_EQ(UpstreamShareOf(1024).total, 256U);
  EXPECT_EQ(UpstreamShareOf(256).total, 64U);
}

TEST(DescriptorShareTest, MoreDescriptorsThanNeededMakeNoMoreConnections) {
  const std::size_t usual = ConnectionLimits().total;

  EXPECT_EQ(UpstreamShareOf(1'048'576).total, usual);
  EXPECT_EQ(UpstreamShareOf(std::numeric_limits<std::uint64_t>::max()).total, usual);
}

TEST(DescriptorShareTest, WithHardlyAnyDescriptorsTwoHostsCanStillBeRead) {
  EXPECT_GE(UpstreamShareOf(0).of_a_host(), 2U);
}

}  // namespace
}  // namespace balance
