#pragma once

// Fetches of a BalanceSource on a clock and with an upstream that the test moves by hand.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"

namespace balance {

class FetchingTest : public testing::Test {
 protected:
  // Forgets the fetch before.
  void Fetch(BalanceSource& source, Duration patience = std::chrono::hours(1),
             std::optional<ObservedSince> wanted = std::nullopt) {
    result_.reset();
    progress_ = {};
    progress_.wanted = wanted;
    const FetchContext context{clock_.SteadyNow() + patience, &progress_};
    boost::asio::co_spawn(loop_, FetchOnce(source, context),
                          [this](const std::exception_ptr&, std::optional<Result<Reading>> result) {
                            result_ = std::move(result);
                          });
    Run();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeUpstream upstream_{clock_};
  FetchProgress progress_;
  // Of the latest fetch; unset while it runs.
  std::optional<Result<Reading>> result_;

 private:
  static boost::asio::awaitable<std::optional<Result<Reading>>> FetchOnce(BalanceSource& source,
                                                                          FetchContext context) {
    co_return co_await source.Fetch(context);
  }
};

}  // namespace balance
