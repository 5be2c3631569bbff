// The user that the manifests make in Redis: what the service does is allowed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

// SHA-256 of "correct horse", in the place where the operator's own stands.
constexpr const char* kPassword = "correct horse";
constexpr const char* kPasswordHash =
    "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";
constexpr const char* kPlaceholder = "PASSWORD_SHA256";

// A Redis with the file of users of k8s/components/fleet.
class FleetAclTest : public RedisTest {
 protected:
  FleetAclTest() {
    std::ifstream manifest(FLEET_ACL_FILE);
    std::string users{std::istreambuf_iterator<char>(manifest), {}};
    const auto at = users.find(kPlaceholder);
    EXPECT_NE(at, std::string::npos);
    users.replace(at, std::string(kPlaceholder).size(), kPasswordHash);
    folder_ = (std::filesystem::temp_directory_path() / "fleet-acl-XXXXXX").string();
    EXPECT_TRUE(mkdtemp(folder_.data()));
    std::ofstream(folder_ + "/users.acl") << users;
    server_ = std::make_unique<RedisServer>(
        RedisServer::Options{.settings = {"aclfile " + folder_ + "/users.acl"}});
  }
  ~FleetAclTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<RedisFleetStore> LoggedIn(const std::string& username) {
    RedisSettings settings = SettingsOf(server_->address());
    settings.login = {username, SecretOf(kPassword)};
    return MakeStore(std::move(settings));
  }

  std::string folder_;
  std::unique_ptr<RedisServer> server_;
};

TEST_F(FleetAclTest, TheServiceMayDoAllThatItDoes) {
  const auto store = LoggedIn("balance");
  ASSERT_TRUE(Becomes([&] { return store->IsUsable(); })) << ReasonOf(*store);
  const LoginNames login = NamesOfKey("key");
  int told = 0;
  const auto subscription = store->Subscribe(login, [&](const FleetNews&) { ++told; });
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));

  const auto granted = Settled(*store, Request(login));
  ASSERT_EQ(Told(granted), "granted");
  EXPECT_EQ(
      KindOf(Await(store->Store(Storing(login, ReadingOf("12.5"), std::get<Granted>(*granted))))),
      "fine");
  EXPECT_TRUE(Becomes([&] { return told > 0; })) << "nothing was published";
  EXPECT_EQ(Told(Settled(*store, AnyReading(login))), "12.5");
  RateNews news{.login = login};
  news.pause = std::chrono::minutes(1);
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  EXPECT_EQ(KindOf(Await(store->Rate(news))), "fine");
  EXPECT_EQ(Told(Await(store->Acquire(Request(login)))), "held off");

  EXPECT_TRUE(faults_.faults().empty());
}

TEST_F(FleetAclTest, NobodyElseIsLetIn) {
  const auto store = LoggedIn("default");

  ASSERT_TRUE(Becomes([&] { return store->health().reason().has_value(); }));
  EXPECT_FALSE(store->IsUsable());
  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kWrongPassword);
  EXPECT_TRUE(server_->Command({"PING"}).text.starts_with("NOAUTH"));
}

}  // namespace
}  // namespace balance
