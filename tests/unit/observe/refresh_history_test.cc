#include "service/observe/refresh_history.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SourceKind kReal{1};
constexpr SourceKind kPaper{2};

class RefreshHistoryTest : public testing::Test {
 protected:
  void Refresh(SourceKind kind, Duration took, bool succeeds = true) {
    SourceInfo info;
    info.kind = kind;
    SourceStatus status;
    status.info = std::make_shared<const SourceInfo>(info);
    history_.OnRefresh(status,
                       succeeds ? Result<Reading>(Reading())
                                : Fail(ErrorKind::kUnreachable, "the connection was refused"),
                       took);
  }
  RefreshHistory::Step Last(SourceKind kind) const {
    return history_.Last(clock_.SteadyNow()).at(kind).back();
  }

  FakeClock clock_;
  NullObserver next_;
  RefreshHistory history_{next_, {{kReal, "REAL"}, {kPaper, "PAPER"}}, clock_};
};

TEST_F(RefreshHistoryTest, AStepHasTheSumAndTheExtremesOfItsKind) {
  Refresh(kReal, milliseconds(20));
  Refresh(kReal, milliseconds(80), false);
  Refresh(kPaper, milliseconds(5));
  history_.OnFreshness(kReal, {.in_demand = seconds(1), .oldest = seconds(3)});
  history_.OnFreshness(kReal, {.in_demand = seconds(1), .oldest = seconds(2)});

  EXPECT_EQ(Last(kReal),
            (RefreshHistory::Step{2, 1, milliseconds(80), milliseconds(100), seconds(3)}));
  EXPECT_EQ(Last(kPaper),
            (RefreshHistory::Step{1, 0, milliseconds(5), milliseconds(5), std::nullopt}));
}

TEST_F(RefreshHistoryTest, WhatHappenedMovesBackAndIsForgotten) {
  Refresh(kReal, milliseconds(20));

  clock_.Advance(RefreshHistory::kStep * 3);
  const auto later = history_.Last(clock_.SteadyNow()).at(kReal);
  EXPECT_EQ(later.back(), RefreshHistory::Step());
  EXPECT_EQ(later[RefreshHistory::kSteps - 4].ended, 1);

  clock_.Advance(RefreshHistory::kStep * RefreshHistory::kSteps);
  for (const auto& step : history_.Last(clock_.SteadyNow()).at(kReal)) EXPECT_EQ(step.ended, 0);
  Refresh(kReal, milliseconds(1));
  EXPECT_EQ(Last(kReal).ended, 1);
}

class EventNames final : public RefreshObserver {
 public:
  void OnRefresh(const SourceStatus&, const Result<Reading>&, Duration) override {
    names.emplace_back("refresh");
  }
  void OnRefusal(const SourceStatus&, const Error&) override { names.emplace_back("refusal"); }
  void OnShared(const SourceStatus&, const Result<Reading>&) override {
    names.emplace_back("shared");
  }
  void OnDropped(const SourceStatus&) override { names.emplace_back("dropped"); }
  void OnFreshness(SourceKind, const FreshnessTimes&) override { names.emplace_back("freshness"); }

  std::vector<std::string> names;
};

TEST_F(RefreshHistoryTest, EveryEventIsPassedOn) {
  EventNames next;
  RefreshHistory history(next, {{kReal, "REAL"}}, clock_);
  SourceInfo info;
  info.kind = kReal;
  SourceStatus status;
  status.info = std::make_shared<const SourceInfo>(info);

  history.OnRefresh(status, Reading(), seconds(1));
  history.OnRefusal(status, Error());
  history.OnShared(status, Reading());
  history.OnDropped(status);
  history.OnFreshness(kReal, {});

  EXPECT_EQ(next.names,
            (std::vector<std::string>{"refresh", "refusal", "shared", "dropped", "freshness"}));
}

// Ten thousand sources take no more room than one.
TEST_F(RefreshHistoryTest, MemoryDoesNotGrowWithTheSources) {
  EXPECT_LE(sizeof(RefreshHistory::Steps), std::size_t{8} * 1024);
}

}  // namespace
}  // namespace balance
