#include "service/server/stop_guard.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sysexits.h>
#include <unistd.h>

#include <cstdlib>

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ExitedWithCode;

class StopGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, number);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }

  void TearDown() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  [[noreturn]] void HangAfter(int number, Duration patience) {
    const StopGuard guard(signals_, patience);
    kill(getpid(), number);
    while (true) pause();
  }

  sigset_t signals_;
  sigset_t before_;
};

TEST_F(StopGuardTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(HangAfter(SIGTERM, hours(1)), ExitedWithCode(EX_OK), "");
  EXPECT_EXIT(HangAfter(SIGINT, hours(1)), ExitedWithCode(EX_OK), "");
}

TEST_F(StopGuardTest, AHangingStopEndsTheProcess) {
  EXPECT_EXIT(HangAfter(SIGHUP, milliseconds(20)), ExitedWithCode(EX_SOFTWARE), "");
}

TEST_F(StopGuardTest, ACompleteStopGoesOn) {
  EXPECT_EXIT(
      {
        { const StopGuard guard(signals_, hours(1)); }
        std::exit(3);
      },
      ExitedWithCode(3), "");
}

}  // namespace
}  // namespace balance
