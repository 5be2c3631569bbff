// Wrong, rotated and leaked credentials.

#include <gmock/gmock.h>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;
using testing::HasSubstr;
using testing::Not;

TEST(CredentialsTest, ARejectedKeyBlamesTheSourceNotTheCaller) {
  RunningService service;
  sandbox::PolysimKey key = service.upstreams().polysim_key();
  key.state = sandbox::KeyState::kExpired;
  ASSERT_TRUE(service.upstreams().AddKey(key));
  v1::SourceBalance source;

  const auto status = service.GetSource("polysimulator", source);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "SOURCE_CREDENTIALS_REJECTED");
}

TEST(CredentialsTest, ReplacedSecretsAreUsedFromTheNextRequestOn) {
  RunningService service;
  const auto fresh_key = sandbox::GeneratePolymarketKey();
  v1::SourceBalance source;
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  service.WriteSecret("key-id", fresh_key.key_id);
  service.WriteSecret("secret-key", fresh_key.secret_key);
  ASSERT_TRUE(service.upstreams().AddKey(fresh_key));
  EXPECT_EQ(service.Reload().accounts.changed, 1);

  EXPECT_TRUE(service.GetSource("polymarket-us", source).ok());
}

TEST(CredentialsTest, ANewKeyBearsNoGrudgeForTheRejectionOfTheOldOne) {
  RunningService service(
      "{ttl: 0.05s, stale_while_revalidate: 0s, max_stale: 60s, min_refresh_interval: 0.001s}");
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.GetAnew(snapshot).ok());
  sandbox::PolysimKey key = service.upstreams().polysim_key();
  key.state = sandbox::KeyState::kExpired;
  ASSERT_TRUE(service.upstreams().AddKey(key));
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (snapshot.sources(kPolySimulator).state() != v1::SourceBalance_State_NO_DATA) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    ASSERT_TRUE(service.GetAnew(snapshot).ok());
  }
  const auto fresh_key = sandbox::GeneratePolysimKey();
  ASSERT_TRUE(service.upstreams().AddKey(fresh_key));
  service.WriteSecret("api-key", fresh_key.api_key);
  sandbox::Fault broken;
  broken.status = 500;
  broken.count = 0;
  service.upstreams().Push(Side::kPolysimulator, broken);
  service.Reload();

  ASSERT_TRUE(service.GetAnew(snapshot).ok());

  const v1::SourceBalance& source = snapshot.sources(kPolySimulator);
  EXPECT_EQ(ReasonOf(source.failure()), "SOURCE_ERROR");
  EXPECT_EQ(source.freshness().outcome(), v1::Freshness::STALE_ON_ERROR);
}

TEST(CredentialsTest, NothingThatACallerOrOperatorSeesHoldsASecret) {
  RunningService service;
  const std::string api_key = service.upstreams().polysim_key().api_key;
  const std::string secret_key = service.upstreams().polymarket_key().secret_key;
  sandbox::Fault echo;
  echo.status = 500;
  echo.count = 0;
  echo.body = "bad key " + api_key + " " + secret_key;
  service.upstreams().Push(Side::kPolysimulator, echo);
  service.upstreams().Push(Side::kPolymarket, echo);
  v1::AccountSnapshot snapshot;

  const auto status = service.Get(snapshot);
  int http_status = 0;
  const std::string seen =
      status.error_message() + status.error_details() + service.AdminPage("/statusz", http_status) +
      service.AdminPage("/?format=html", http_status) + service.AdminPage("/metrics", http_status);

  EXPECT_FALSE(status.ok());
  EXPECT_THAT(seen, Not(HasSubstr(api_key)));
  EXPECT_THAT(seen, Not(HasSubstr(secret_key)));
  EXPECT_THAT(seen, Not(HasSubstr("bad key")));
}

}  // namespace
}  // namespace balance
