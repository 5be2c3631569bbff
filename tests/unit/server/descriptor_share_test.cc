#include "service/server/descriptor_share.h"

#include <gtest/gtest.h>

#include <limits>

#include "service/server/admin_server.h"

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

TEST(DescriptorShareTest, M179_PushSocketsTakeAnEighthAtMostAndNothingOfTheRequests) {
  EXPECT_EQ(PushShareOf(1024).total, 128U);
  EXPECT_EQ(PushShareOf(1'048'576).total, PushShareOf(1'000'000).total);
  EXPECT_GE(PushShareOf(0).of_a_host(), 2U);
}

TEST(DescriptorShareTest, CallersGetWhatAllOthersTogetherLeave) {
  const std::size_t admin = AdminServer::Limits{}.connections;
  for (const std::uint64_t descriptors : {1024U, 4096U, 1'048'576U}) {
    EXPECT_LT(CallersShareOf(descriptors) + UpstreamShareOf(descriptors).total +
                  PushShareOf(descriptors).total + admin,
              descriptors);
    EXPECT_GE(CallersShareOf(descriptors), descriptors / 4);
  }
  EXPECT_GT(CallersShareOf(0), 0U);
}

TEST(DescriptorShareTest, WithHardlyAnyDescriptorsTwoHostsCanStillBeRead) {
  EXPECT_GE(UpstreamShareOf(0).of_a_host(), 2U);
}

}  // namespace
}  // namespace balance
