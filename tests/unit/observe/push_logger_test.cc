#include "service/observe/push_logger.h"

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

// Counts what it is told.
class CountingMonitor final : public PushMonitor {
 public:
  void OnPushUp(const PushStatus&) override { ++told; }
  void OnPushFailure(const PushStatus&, PushEnd, const Error&) override { ++told; }
  void OnHint(const SourceInfo&, HintResult) override { ++told; }

  int told = 0;
};

class PushLoggerTest : public testing::Test {
 protected:
  PushLoggerTest() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    logger_.emplace(next_, clock_);
  }
  ~PushLoggerTest() override {
    logger_.reset();
    spdlog::set_default_logger(before_);
  }

  // As the socket's owner does it.
  void Fail(PushStatus& status, PushEnd why, Error error) {
    logger_->OnPushFailure(status, why, error);
    status.is_up = false;
    ++status.failures;
    status.latest_end = why;
    status.latest_kind = error.kind;
  }
  void Rise(PushStatus& status) {
    logger_->OnPushUp(status);
    status = StatusOf(status.source->source);
    status.is_up = true;
  }

  static PushStatus StatusOf(const std::string& source) {
    SourceInfo info;
    info.account = "desk-1";
    info.source = source;
    PushStatus status;
    status.source = std::make_shared<const SourceInfo>(std::move(info));
    return status;
  }

  int Count(const std::string& text) const {
    const std::string log = log_.str();
    int count = 0;
    for (auto at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  std::ostringstream log_;
  const std::shared_ptr<spdlog::logger> before_;
  FakeClock clock_;
  CountingMonitor next_;
  std::optional<PushLogger> logger_;
};

TEST_F(PushLoggerTest, SaysWhenASocketComesFailsAndComesBackButNotEachFailure) {
  PushStatus status = StatusOf("pm");
  Rise(status);
  Fail(status, PushEnd::kClosed, {ErrorKind::kUnreachable, "It was closed."});
  for (int i = 0; i < 9; ++i) {
    Fail(status, PushEnd::kNotConnected, {ErrorKind::kUnreachable, "No connection."});
  }
  Fail(status, PushEnd::kNotConnected, {ErrorKind::kForbidden, "Forbidden."});
  Rise(status);
  Fail(status, PushEnd::kClosed, {ErrorKind::kUnreachable, "It was closed."});

  const std::string name = "accounts/desk-1/sources/pm: ";
  EXPECT_EQ(Count(name + "push is up\n"), 1);
  EXPECT_EQ(Count(name + "push is down, polled as often as the TTL asks: It was closed."), 2);
  EXPECT_EQ(Count("No connection."), 1);
  EXPECT_EQ(Count("Forbidden."), 1);
  EXPECT_EQ(Count(name + "push is up again after 11 failures"), 1);
  EXPECT_EQ(next_.told, 14);
}

TEST_F(PushLoggerTest, AVenueThatEndsThousandsOfSocketsDoesNotFillTheLog) {
  for (int i = 0; i < 1000; ++i) {
    PushStatus status = StatusOf("pm-" + std::to_string(i));
    Fail(status, PushEnd::kClosed, {ErrorKind::kUnreachable, "It was closed."});
  }
  EXPECT_EQ(Count("push is down"), static_cast<int>(LineBudget::kBurst));

  clock_.Advance(std::chrono::seconds(60));
  PushStatus status = StatusOf("late");
  Fail(status, PushEnd::kClosed, {ErrorKind::kUnreachable, "It was closed."});

  EXPECT_THAT(log_.str(), HasSubstr("push: 950 more lines about other sources left out"));
  EXPECT_THAT(log_.str(), HasSubstr("sources/late: push is down"));
  EXPECT_EQ(next_.told, 1001);
}

}  // namespace
}  // namespace balance
