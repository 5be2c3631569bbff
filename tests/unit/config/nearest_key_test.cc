#include "service/config/nearest_key.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

const std::vector<std::string> kKnown = {"ttl", "max_stale", "min_refresh_interval",
                                         "polymarket_us"};

TEST(NearestKeyTest, FindsWhatWasMeant) {
  EXPECT_EQ(NearestKey("tll", kKnown), "ttl");
  EXPECT_EQ(NearestKey("maxStale", kKnown), "max_stale");
  EXPECT_EQ(NearestKey("min-refresh-intervall", kKnown), "min_refresh_interval");
  EXPECT_EQ(NearestKey("polymarket", kKnown), "polymarket_us");
}

TEST(NearestKeyTest, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(NearestKey("colour", kKnown), std::nullopt);
  EXPECT_EQ(NearestKey("", kKnown), std::nullopt);
  EXPECT_EQ(NearestKey(std::string(100'000, 't'), kKnown), std::nullopt);
}

}  // namespace
}  // namespace balance
