#include "clients/http/cache_age.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace balance {
namespace {

using std::chrono::seconds;

HttpResponse With(const std::vector<std::string>& ages) {
  HttpResponse response;
  for (const std::string& age : ages) response.headers.push_back({"age", age});
  return response;
}

TEST(CacheAgeTest, M101_SecondsOfTheHeader) {
  EXPECT_EQ(CacheAge(With({"1"})), seconds(1));
  EXPECT_EQ(CacheAge(With({" 0042 "})), seconds(42));
  EXPECT_TRUE(IsOutOfCache(With({"1"})));
}

TEST(CacheAgeTest, M101_WithoutOneTheUpstreamItselfAnswered) {
  EXPECT_EQ(CacheAge(HttpResponse()), seconds(0));
  EXPECT_EQ(CacheAge(With({"0"})), seconds(0));
  EXPECT_EQ(CacheAge(With({"00"})), seconds(0));
  EXPECT_FALSE(IsOutOfCache(HttpResponse()));
  EXPECT_FALSE(IsOutOfCache(With({"0"})));
}

TEST(CacheAgeTest, M101_OfSeveralTheGreatestCounts) {
  EXPECT_EQ(CacheAge(With({"5, 30"})), seconds(30));
  EXPECT_EQ(CacheAge(With({"0", "30"})), seconds(30));
}

TEST(CacheAgeTest, M101_AnAgeThatNobodyCanHoldIsTheLongest) {
  EXPECT_EQ(CacheAge(With({"2147483648"})), kLongestCacheAge);
  EXPECT_EQ(CacheAge(With({"2147483649"})), kLongestCacheAge);
  EXPECT_EQ(CacheAge(With({"9223372036854775807"})), kLongestCacheAge);
  EXPECT_EQ(CacheAge(With({std::string(400, '9')})), kLongestCacheAge);
}

TEST(CacheAgeTest, M101_AnAgeThatCannotBeReadIsUnknownAndNotZero) {
  for (const char* text : {"", "-1", "+1", "1.5", "abc", "1s", "0x10", "1 2", "5,", ",5", "0, x"}) {
    EXPECT_EQ(CacheAge(With({text})), std::nullopt) << text;
    EXPECT_TRUE(IsOutOfCache(With({text}))) << text;
  }
}

}  // namespace
}  // namespace balance
