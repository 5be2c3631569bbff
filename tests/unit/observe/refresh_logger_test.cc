#include "service/observe/refresh_logger.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

#include "tests/support/fake_clock.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

class FixedPath final : public PathProbe {
 public:
  explicit FixedPath(PathState state) : state_(state) {}
  PathState Probe(Now) const override { return state_; }

 private:
  const PathState state_;
};

class RefreshLoggerTest : public testing::Test {
 protected:
  RefreshLoggerTest() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
  }
  ~RefreshLoggerTest() override { spdlog::set_default_logger(before_); }

  // Refreshes a source whose upstream's clock is 20 s off, whose new credential is rejected.
  void Refresh(const std::string& source) {
    PathState state;
    state.clock_skew = std::chrono::seconds(20);
    state.uses_previous_credential = true;
    SourceInfo info;
    info.account = "desk-1";
    info.source = source;
    SourceStatus status;
    status.info = std::make_shared<const SourceInfo>(std::move(info));
    status.path = std::make_shared<const FixedPath>(state);
    logger_.OnRefresh(status, Reading(), Duration::zero());
  }

  int Count(const std::string& text) const {
    const std::string log = log_.str();
    int count = 0;
    for (auto at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++count;
    return count;
  }
  int WarningsOf(const std::string& source) const {
    return Count("accounts/desk-1/sources/" + source + ": the upstream's clock is 20.0 s") +
           Count("accounts/desk-1/sources/" + source + ": the upstream rejects the new credential");
  }

  std::ostringstream log_;
  const std::shared_ptr<spdlog::logger> before_;
  NullObserver next_;
  FakeClock clock_;
  RefreshLogger logger_{next_, clock_};
};

TEST_F(RefreshLoggerTest, FirstReadingsOfThousandsOfSourcesAreCountedAfterTheFirstFew) {
  const auto limit = static_cast<int>(LineBudget::kBurst);
  for (int i = 0; i < 1000; ++i) Refresh("s" + std::to_string(i));

  EXPECT_EQ(Count(": first reading"), limit);
  EXPECT_EQ(Count("accounts/desk-1/sources/s0: first reading"), 1);

  clock_.Advance(std::chrono::seconds(1));
  Refresh("late");

  EXPECT_EQ(Count("first readings of " + std::to_string(1000 - limit) + " more sources left out"),
            1);
  EXPECT_EQ(Count("accounts/desk-1/sources/late: first reading"), 1);
}

TEST_F(RefreshLoggerTest, WhatLastsIsSaidOnce) {
  Refresh("polysimulator");
  Refresh("polysimulator");

  EXPECT_EQ(WarningsOf("polysimulator"), 2);
}

TEST_F(RefreshLoggerTest, ASourceThatWasRemovedIsForgottenAndIsNewWhenItComesBack) {
  Refresh("kept");
  Refresh("removed");

  logger_.KeepOnly({"accounts/desk-1/sources/kept"});
  logger_.KeepOnly({"accounts/desk-1/sources/kept", "accounts/desk-1/sources/removed"});
  Refresh("kept");
  Refresh("removed");

  EXPECT_EQ(WarningsOf("kept"), 2);
  EXPECT_EQ(WarningsOf("removed"), 4);
}

TEST_F(RefreshLoggerTest, ARefreshThatEndsAfterItsSourceWasRemovedLeavesNothingBehind) {
  logger_.KeepOnly({"accounts/desk-1/sources/kept"});
  Refresh("removed");
  EXPECT_EQ(WarningsOf("removed"), 0);

  logger_.KeepOnly({"accounts/desk-1/sources/removed"});
  Refresh("removed");

  EXPECT_EQ(WarningsOf("removed"), 2);
}

}  // namespace
}  // namespace balance
