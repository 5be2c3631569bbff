#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "service/config/config.h"
#include "service/config/duration_text.h"
#include "service/server/venues.h"

namespace balance {
namespace {

// The word behind "Default" in the comment of the field, without its backquotes.
class SchemaComments {
 public:
  SchemaComments() {
    std::stringstream text;
    text << std::ifstream(CONFIG_PROTO_FILE).rdbuf();
    text_ = text.str();
  }

  std::string DefaultOf(const std::string& message, const std::string& field) const {
    std::stringstream lines(text_.substr(text_.find("message " + message + " {")));
    std::string comment;
    for (std::string line; std::getline(lines, line);) {
      if (const auto at = line.find("// "); at != std::string::npos) {
        comment += " " + line.substr(at + 3);
      } else if (line.find(" " + field + " = ") != std::string::npos) {
        return WordBehind("Default ", comment);
      } else {
        comment.clear();
      }
    }
    return "no such field";
  }

 private:
  static std::string WordBehind(const std::string& marker, const std::string& comment) {
    const auto at = comment.find(marker);
    if (at == std::string::npos) return "no default";
    const std::string rest = comment.substr(at + marker.size());
    const std::string word = rest.substr(0, rest.find_first_of("; "));
    const auto begin = word.find_first_not_of('`');
    return word.substr(begin, word.find_last_not_of("`.") - begin + 1);
  }

  std::string text_;
};

TEST(SchemaDefaultsTest, AddressesInCommentsAreThoseInForce) {
  const SchemaComments schema;

  EXPECT_EQ(schema.DefaultOf("Config", "listen"), ConfigDefaults::kListen);
  EXPECT_EQ(schema.DefaultOf("Config", "admin_listen"), ConfigDefaults::kAdminListen);
}

// A file that does not say otherwise gets what the comments say, whichever venue it names.
TEST(SchemaDefaultsTest, VenuesHaveTheUsualRate) {
  for (const Venue* venue : AllVenues()) EXPECT_EQ(venue->facts().rate, kUsualRate);
}

TEST(SchemaDefaultsTest, SettingsInCommentsAreThoseInForce) {
  const SchemaComments schema;

  EXPECT_EQ(schema.DefaultOf("Cache", "ttl"), PrintDuration(ConfigDefaults::kTtl));
  EXPECT_EQ(schema.DefaultOf("Cache", "stale_while_revalidate"),
            PrintDuration(ConfigDefaults::kStaleWhileRevalidate));
  EXPECT_EQ(schema.DefaultOf("Cache", "max_stale"), PrintDuration(ConfigDefaults::kMaxStale));
  EXPECT_EQ(schema.DefaultOf("Cache", "min_refresh_interval"),
            PrintDuration(ConfigDefaults::kMinRefreshInterval));
  EXPECT_EQ(schema.DefaultOf("Upstream", "attempt_timeout"),
            PrintDuration(ConfigDefaults::kAttemptTimeout));
  EXPECT_EQ(schema.DefaultOf("Upstream", "refresh_budget"),
            PrintDuration(ConfigDefaults::kRefreshBudget));
  EXPECT_EQ(std::stod(schema.DefaultOf("Upstream", "requests_per_second")),
            ConfigDefaults::kRequestsPerSecond);
  EXPECT_EQ(std::stoi(schema.DefaultOf("Upstream", "burst")), ConfigDefaults::kBurst);
  EXPECT_EQ(schema.DefaultOf("Server", "drain_delay"), PrintDuration(ConfigDefaults::kDrainDelay));
  EXPECT_EQ(schema.DefaultOf("Server", "max_connection_age"),
            PrintDuration(ConfigDefaults::kMaxConnectionAge));
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_answer_size")),
            ConfigDefaults::kMaxAnswerSize);
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_connection_memory")),
            ConfigDefaults::kMaxConnectionMemory);
  EXPECT_EQ(schema.DefaultOf("Server", "max_watch_age"),
            PrintDuration(ConfigDefaults::kMaxWatchAge));
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_watchers")), ConfigDefaults::kMaxWatchers);
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_watchers_per_caller")),
            ConfigDefaults::kMaxWatchersPerCaller);
  EXPECT_EQ(schema.DefaultOf("Redis", "operation_timeout"),
            PrintDuration(ConfigDefaults::kOperationTimeout));
  EXPECT_EQ(std::stod(schema.DefaultOf("Fleet", "reserve")), ConfigDefaults::kReserve);
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_watched_accounts")),
            ConfigDefaults::kMaxWatchedAccounts);
  EXPECT_EQ(std::stoi(schema.DefaultOf("Server", "max_watched_accounts_per_caller")),
            ConfigDefaults::kMaxWatchedAccountsPerCaller);
}

}  // namespace
}  // namespace balance
