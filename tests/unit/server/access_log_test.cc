#include "service/observe/access_log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <sstream>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

class CountedDenials final : public RpcObserver {
 public:
  void OnStarted(RpcMethod) override {}
  void OnHandled(RpcMethod, StatusCode, Duration) override {}
  void OnDenied(const AccessDenial&) override { ++count_; }
  int count() const { return count_; }

 private:
  int count_ = 0;
};

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", std::move(sink)));
    log_.emplace(next_, clock_);
  }
  ~AccessLogTest() override { spdlog::set_default_logger(before_); }

  void Deny(AccessRefusal refusal, int times = 1) {
    AccessDenial denial;
    denial.refusal = refusal;
    for (int i = 0; i < times; ++i) log_->OnDenied(denial);
  }
  int Lines(const std::string& words) const {
    const std::string text = text_.str();
    int lines = 0;
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
      ++lines;
    }
    return lines;
  }

  static constexpr int kBurst = static_cast<int>(LineBudget::kBurst);
  FakeClock clock_;
  CountedDenials next_;
  std::ostringstream text_;
  std::optional<AccessLog> log_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(AccessLogTest, AFloodIsCutAndCountedWhole) {
  Deny(AccessRefusal::kNothingShown, 10'000);

  EXPECT_EQ(Lines("access denied: "), kBurst);
  EXPECT_EQ(next_.count(), 10'000);
}

TEST_F(AccessLogTest, TheNextLineSaysHowManyWereLeftOut) {
  Deny(AccessRefusal::kUnknownToken, kBurst + 7);

  clock_.Advance(std::chrono::seconds(1));
  Deny(AccessRefusal::kUnknownToken, 2);

  EXPECT_EQ(Lines("access denied: UNKNOWN_TOKEN 7 more lines left out"), 1);
  EXPECT_EQ(Lines("access denied: UNKNOWN_TOKEN method="), kBurst + 1);
}

TEST_F(AccessLogTest, TheEndSaysHowManyWereLeftOutLast) {
  Deny(AccessRefusal::kUnknownToken, kBurst + 3);

  log_.reset();

  EXPECT_EQ(Lines("access denied: UNKNOWN_TOKEN 3 more lines left out"), 1);
  EXPECT_EQ(Lines("left out"), 1);
}

TEST_F(AccessLogTest, WhoNamesATraceFindsItInTheLine) {
  AccessDenial denial;
  denial.refusal = AccessRefusal::kMethodNotAllowed;
  denial.trace = TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  log_->OnDenied(denial);
  for (int i = 0; i < kBurst + 5; ++i) {
    log_->OnTracedFailure(
        {RpcMethod::kGetSourceBalance, StatusCode::kUnavailable, "bot", *denial.trace});
  }
  log_.reset();

  EXPECT_EQ(Lines("access denied: METHOD_NOT_ALLOWED method=GetAccountSnapshot "
                  "trace=\"4bf92f3577b34da6a3ce929d0e0e4736\""),
            1);
  EXPECT_EQ(Lines("call failed: UNAVAILABLE method=GetSourceBalance caller=\"bot\" trace=\"4bf9"),
            kBurst);
  EXPECT_EQ(Lines("failed calls: 5 more lines left out"), 1);
}

TEST_F(AccessLogTest, StrangersHideNoKnownCaller) {
  Deny(AccessRefusal::kNothingShown, 10'000);

  Deny(AccessRefusal::kAccountNotAllowed);

  EXPECT_EQ(Lines("access denied: ACCOUNT_NOT_ALLOWED"), 1);
}

TEST_F(AccessLogTest, ARestDoesNotSaveUpMoreThanABurst) {
  clock_.Advance(std::chrono::hours(1));

  Deny(AccessRefusal::kNothingShown, 10'000);

  EXPECT_EQ(Lines("access denied: "), kBurst);
}

}  // namespace
}  // namespace balance
