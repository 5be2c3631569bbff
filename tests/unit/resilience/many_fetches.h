#pragma once

// Fetches of a BalanceSource that run at the same time.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <exception>
#include <optional>

#include "clients/core/balance_source.h"

namespace balance {

// The loop is run by the test.
class ManyFetches {
 public:
  struct One {
    FetchProgress progress;
    // Unset while it runs.
    std::optional<Result<Reading>> result;
    bool is_cancelled = false;
    boost::asio::cancellation_signal cancel;
  };

  explicit ManyFetches(boost::asio::io_context& loop) : loop_(loop) {}

  One& Start(BalanceSource& source, SteadyTime deadline = SteadyTime::max(), bool urgent = true) {
    One& one = fetches_.emplace_back();
    one.progress.urgent = urgent;
    boost::asio::co_spawn(loop_, FetchOnce(source, {deadline, &one.progress}),
                          boost::asio::bind_cancellation_slot(
                              one.cancel.slot(), [&one](const std::exception_ptr& thrown,
                                                        std::optional<Result<Reading>> result) {
                                one.result = std::move(result);
                                one.is_cancelled = thrown != nullptr;
                              }));
    return one;
  }

  const std::deque<One>& all() const { return fetches_; }

 private:
  static boost::asio::awaitable<std::optional<Result<Reading>>> FetchOnce(BalanceSource& source,
                                                                          FetchContext context) {
    co_return co_await source.Fetch(context);
  }

  boost::asio::io_context& loop_;
  std::deque<One> fetches_;
};

}  // namespace balance
