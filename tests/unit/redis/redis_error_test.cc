#include "clients/redis/redis_error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace balance {
namespace {

TEST(RedisErrorTest, EachReplyIsToldApart) {
  const std::pair<std::string_view, RedisErrorKind> rows[] = {
      {"WRONGPASS invalid username-password pair or user is disabled.",
       RedisErrorKind::kWrongPassword},
      {"NOAUTH Authentication required.", RedisErrorKind::kWrongPassword},
      {"ERR AUTH <password> called without any password configured for the default user. Are you "
       "sure your configuration is correct?",
       RedisErrorKind::kWrongPassword},
      {"NOPERM this user has no permissions to run the 'info' command",
       RedisErrorKind::kNotPermitted},
      {"ERR The user executing the script can't run this command or subcommand script: e52a49f0, "
       "on "
       "@user_script:1.",
       RedisErrorKind::kNotPermitted},
      {"ERR The user executing the script can't access at least one of the keys mentioned in the "
       "command arguments script: 14a167c1, on @user_script:1.",
       RedisErrorKind::kNotPermitted},
      {"ERR The user executing the script can't publish to the channel mentioned in the command "
       "script: 3ff869c7, on @user_script:1.",
       RedisErrorKind::kNotPermitted},
      {"ERR ACL failure in script: User AUTH has no permissions to run the 'hset' command script: "
       "e52a49f0, on @user_script:1.",
       RedisErrorKind::kNotPermitted},
      {"READONLY You can't write against a read only replica.", RedisErrorKind::kReplica},
      {"MASTERDOWN Link with MASTER is down", RedisErrorKind::kReplica},
      {"LOADING Redis is loading the dataset in memory", RedisErrorKind::kLoading},
      {"OOM command not allowed when used memory > 'maxmemory'.", RedisErrorKind::kFull},
      {"MOVED 3999 127.0.0.1:6381", RedisErrorKind::kCluster},
      {"CLUSTERDOWN Hash slot not served", RedisErrorKind::kCluster},
      {"MISCONF Redis is configured to save RDB snapshots", RedisErrorKind::kNoWrites},
      {"NOREPLICAS Not enough good replicas to write.", RedisErrorKind::kNoWrites},
      {"BUSY Redis is busy running a script.", RedisErrorKind::kBusy},
      {"ERR max number of clients reached", RedisErrorKind::kTooManyClients},
      {"ERR Unknown Redis command called from script script: 8463ee0e, on @user_script:1.",
       RedisErrorKind::kOther},
      {"WRONGTYPE Operation against a key holding the wrong kind of value script: 14a167c1, on "
       "@user_script:1.",
       RedisErrorKind::kBadData},
      {"ERR Error running script (call to f_14a167c1): @user_script:9: WRONGTYPE Operation against "
       "a key holding the wrong kind of value",
       RedisErrorKind::kBadData},
      {"ERR user_script:50: attempt to compare nil with number script: 14a167c1, on "
       "@user_script:50.",
       RedisErrorKind::kBadData},
      {"ERR user_script:7: bad argument #2 to 'format' (number expected, got nil) script: "
       "14a167c1, on @user_script:7.",
       RedisErrorKind::kBadData},
      {"ERR something new", RedisErrorKind::kOther},
      {"", RedisErrorKind::kOther},
  };

  for (const auto& [text, kind] : rows) {
    EXPECT_EQ(ErrorOfReply(text).kind, kind) << text;
    EXPECT_FALSE(ErrorOfReply(text).message.empty());
  }
}

TEST(RedisErrorTest, NothingOfTheArgumentsIsRepeated) {
  const std::string message = ErrorOfReply("s3cret-lower is no command").message;

  EXPECT_EQ(message.find("s3cret"), std::string::npos);
  EXPECT_EQ(ErrorOfReply("ERR unknown command 's3cret'").message.find("s3cret"), std::string::npos);
}

TEST(RedisErrorTest, EachKindHasANameOfItsOwn) {
  const std::set<std::string_view> names(kRedisErrorNames.begin(), kRedisErrorNames.end());

  EXPECT_EQ(names.size(), static_cast<std::size_t>(kRedisErrorKindCount));
  EXPECT_EQ(names.count(""), 0U);
}

}  // namespace
}  // namespace balance
