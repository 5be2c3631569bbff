#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "clients/venue/venue.h"
#include "service/server/venues.h"
#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(AdminServerTest, ProbesFollowTheLifeOfTheService) {
  RunningService service;
  int status = 0;
  EXPECT_EQ(service.AdminPage("/healthz", status), "ok\n");
  EXPECT_EQ(status, 200);
  service.AdminPage("/readyz", status);
  EXPECT_EQ(status, 200);

  service.server().WithdrawHealth();
  service.AdminPage("/readyz", status);
  EXPECT_EQ(status, 503);
  service.AdminPage("/healthz", status);
  EXPECT_EQ(status, 200);
}

TEST(AdminServerTest, ReadinessDoesNotDependOnUpstreams) {
  RunningService service;
  service.upstreams().Unplug(sandbox::Side::kPolymarket);
  service.upstreams().Unplug(sandbox::Side::kPolysimulator);
  v1::AccountSnapshot snapshot;
  EXPECT_FALSE(service.Get(snapshot).ok());

  int status = 0;
  service.AdminPage("/readyz", status);

  EXPECT_EQ(status, 200);
}

TEST(AdminServerTest, MetricsCountCallsAndRefreshes) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  int status = 0;
  const std::string metrics = service.AdminPage("/metrics", status);

  EXPECT_THAT(metrics, HasSubstr(R"(grpc_server_handled_total{grpc_code="OK",)"
                                 R"(grpc_method="GetAccountSnapshot",)"
                                 R"(grpc_service="balance.v1.BalanceService",)"
                                 R"(grpc_type="unary"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(balance_refreshes_total{kind="POLYMARKET_US",result="OK"} 1)"));
}

TEST(AdminServerTest, StatusShowsSourcesButNoFigures) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  int status = 0;
  const std::string page = service.AdminPage("/statusz", status);

  EXPECT_THAT(page, HasSubstr("accounts/desk-1/sources/polymarket-us"));
  EXPECT_THAT(page, HasSubstr("lastObserveTime"));
  EXPECT_THAT(
      page,
      Not(HasSubstr(snapshot.sources(kPolymarketUs).balance_set().balances(0).cash().value())));
}

TEST(AdminServerTest, TheStatusPageShowsSourcesButNoFigures) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());
  int status = 0;
  ASSERT_THAT(service.AdminPage("/?format=html", status), HasSubstr("No trouble"));
  service.upstreams().Unplug(sandbox::Side::kPolysimulator);
  EXPECT_TRUE(service.GetAnew(snapshot).ok());

  std::string page = service.AdminPage("/?format=html", status);
  // What was judged a moment ago serves others, too.
  for (int i = 0; i < 100 && page.find("SOURCE_UNREACHABLE") == page.npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    page = service.AdminPage("/?format=html", status);
  }

  EXPECT_EQ(status, 200);
  EXPECT_THAT(page, HasSubstr("accounts/desk-1/sources/polysimulator"));
  EXPECT_THAT(page, HasSubstr("SOURCE_UNREACHABLE"));
  EXPECT_THAT(page, HasSubstr("1 of 3 sources have trouble"));
  EXPECT_THAT(
      page,
      Not(HasSubstr(snapshot.sources(kPolymarketUs).balance_set().balances(0).cash().value())));
}

TEST(AdminServerTest, OtherPathsAreNotFound) {
  RunningService service;
  int status = 0;
  service.AdminPage("/index.html", status);
  EXPECT_EQ(status, 404);
  service.AdminPage("/metrics/x", status);
  EXPECT_EQ(status, 404);
}

TEST(PortInUseTest, M56_ASecondServiceOnThePortDoesNotStart) {
  RunningService service;
  Config second = service.LoadNow();
  second.listen = service.server().grpc_address();
  BalanceServer other(std::move(second), KindsOf(AllVenues()));

  const auto started = other.Start();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr(service.server().grpc_address()));
  EXPECT_THAT(started.error().message, HasSubstr("port is in use"));
}

TEST(PortInUseTest, M56_ASecondServiceOnTheAdminPortDoesNotStart) {
  RunningService service;
  Config second = service.LoadNow();
  second.admin_listen = service.server().admin_address();
  BalanceServer other(std::move(second), KindsOf(AllVenues()));

  const auto started = other.Start();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr(service.server().admin_address()));
}

}  // namespace
}  // namespace balance
