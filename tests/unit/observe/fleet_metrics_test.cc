#include "service/observe/fleet_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/observe/metrics.h"
#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr SourceKind kSharedKind{7};

class FleetProbe final : public PathProbe {
 public:
  explicit FleetProbe(FleetState fleet) : fleet_(std::move(fleet)) {}

  PathState Probe(Now /*now*/) const override {
    PathState path;
    path.fleet = fleet_;
    return path;
  }

 private:
  const FleetState fleet_;
};

SourceStatus SourceWith(FleetState fleet) {
  SourceInfo info;
  info.kind = kSharedKind;
  SourceStatus status;
  status.info = std::make_shared<const SourceInfo>(std::move(info));
  status.path = std::make_shared<const FleetProbe>(std::move(fleet));
  return status;
}

class FleetMetricsTest : public testing::Test {
 protected:
  std::string Page(const std::vector<SourceStatus>& sources = {}) {
    return metrics_.Render(sources, clock_.Time());
  }

  FakeClock clock_;
  Metrics metrics_{{{kSharedKind, "PAPER"}}};
};

TEST_F(FleetMetricsTest, WithoutAFleetThereIsNoSuchSeries) {
  EXPECT_THAT(Page(), Not(HasSubstr("balance_fleet")));
}

TEST_F(FleetMetricsTest, SourcesAreCountedByWhoReadsThemAndNobodyIsNamed) {
  metrics_.AddFleet();

  const std::string page = Page({
      SourceWith({true, "0a1b2c3d", true, 1, 4}),
      SourceWith({true, "4e5f6a7b", false, 0, 4}),
      SourceWith({true, "4e5f6a7b", false, 2, 2}),
      SourceWith({true, "", false, 3, 4}),
  });

  const std::string sources = "balance_fleet_sources_by_lease_holder{holder=";
  EXPECT_THAT(page, HasSubstr(sources + "\"THIS_REPLICA\",kind=\"PAPER\"} 1\n"));
  EXPECT_THAT(page, HasSubstr(sources + "\"OTHER_REPLICA\",kind=\"PAPER\"} 2\n"));
  EXPECT_THAT(page, HasSubstr(sources + "\"NONE\",kind=\"PAPER\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("balance_fleet_budget_requests{kind=\"PAPER\",state=\"LEFT\"} 6\n"));
  EXPECT_THAT(page, HasSubstr("balance_fleet_budget_requests{kind=\"PAPER\",state=\"USED\"} 8\n"));
  EXPECT_THAT(page, Not(HasSubstr("4e5f6a7b")));
}

TEST_F(FleetMetricsTest, StepsOfRedissClockAreCountedByDirection) {
  FleetMonitor& fleet = metrics_.AddFleet();

  fleet.OnClockSet(-std::chrono::seconds(30));
  fleet.OnClockSet(std::chrono::seconds(30));
  fleet.OnClockSet(std::chrono::seconds(1));

  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("balance_fleet_clock_steps_total{direction=\"BACK\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("balance_fleet_clock_steps_total{direction=\"AHEAD\"} 2\n"));
}

}  // namespace
}  // namespace balance
