#include "service/observe/fleet_logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

class CountingFleetMonitor final : public FleetMonitor {
 public:
  void OnClockSet(Duration) override { ++told; }

  int told = 0;
};

class FleetLoggerTest : public testing::Test {
 protected:
  FleetLoggerTest() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    logger_.emplace(next_, clock_);
  }
  ~FleetLoggerTest() override {
    logger_.reset();
    spdlog::set_default_logger(before_);
  }

  std::ostringstream log_;
  const std::shared_ptr<spdlog::logger> before_;
  FakeClock clock_;
  CountingFleetMonitor next_;
  std::optional<FleetLogger> logger_;
};

TEST_F(FleetLoggerTest, AClockThatWasSetBackIsTold) {
  logger_->OnClockSet(-std::chrono::milliseconds(30400));

  EXPECT_THAT(log_.str(),
              HasSubstr("fleet: Redis's clock was set back by 30.4 s or more: what lies "
                        "there counts as missing until it has caught up\n"));
  EXPECT_EQ(next_.told, 1);
}

TEST_F(FleetLoggerTest, AClockThatWasSetAheadIsToldAndHarmsNothing) {
  logger_->OnClockSet(std::chrono::milliseconds(2000));

  EXPECT_THAT(log_.str(), HasSubstr("fleet: Redis's clock was set ahead by 2.0 s or more\n"));
}

}  // namespace
}  // namespace balance
