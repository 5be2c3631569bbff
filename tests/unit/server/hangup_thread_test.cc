#include "service/server/hangup_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace balance {
namespace {

using testing::ExitedWithCode;

// Signals are for the whole process, so each test is one.
class HangupThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    sigemptyset(&stop_);
    sigaddset(&stop_, SIGTERM);
    sigset_t all = stop_;
    sigaddset(&all, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }

  void TearDown() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  static void WaitFor(const std::atomic<int>& calls, int times) {
    while (calls < times) std::this_thread::yield();
  }

  [[noreturn]] void EndWithTheStopSignal() {
    kill(getpid(), SIGTERM);
    int number = 0;
    sigwait(&stop_, &number);
    _exit(number == SIGTERM ? 3 : 4);
  }

  sigset_t stop_;
  sigset_t before_;
};

TEST_F(HangupThreadTest, EachHangupIsACall) {
  EXPECT_EXIT(
      {
        std::atomic<int> calls = 0;
        {
          const HangupThread thread([&calls] { ++calls; });
          for (int times = 1; times <= 3; ++times) {
            kill(getpid(), SIGHUP);
            WaitFor(calls, times);
          }
        }
        std::exit(calls);
      },
      ExitedWithCode(3), "");
}

TEST_F(HangupThreadTest, TheEndIsNoCall) {
  EXPECT_EXIT(
      {
        {
          const HangupThread thread([] { _exit(4); });
        }
        std::exit(3);
      },
      ExitedWithCode(3), "");
}

TEST_F(HangupThreadTest, ACallThatHangsKeepsNobodyFromTheSignalsToStop) {
  EXPECT_EXIT(
      {
        std::atomic<int> calls = 0;
        const HangupThread thread([&calls] {
          ++calls;
          while (true) pause();
        });
        kill(getpid(), SIGHUP);
        WaitFor(calls, 1);
        EndWithTheStopSignal();
      },
      ExitedWithCode(3), "");
}

TEST_F(HangupThreadTest, HangupsWithoutEndDoNeither) {
  EXPECT_EXIT(
      {
        std::atomic<int> calls = 0;
        const HangupThread thread([&calls] {
          ++calls;
          kill(getpid(), SIGHUP);
        });
        kill(getpid(), SIGHUP);
        WaitFor(calls, 100);
        EndWithTheStopSignal();
      },
      ExitedWithCode(3), "");
}

}  // namespace
}  // namespace balance
