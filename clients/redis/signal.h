#pragma once

// What one coroutine waits for and another wakes it from.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "clients/core/boot_clock.h"
#include "clients/core/loop_executor.h"

namespace balance {

// Used once, on one executor's thread only. At most one may wait.
class Signal {
 public:
  explicit Signal(const LoopExecutor& executor) : timer_(executor) {
    timer_.expires_at(BootClock::time_point::max());
  }

  // Ends the wait, also one that begins later.
  void Wake() {
    is_woken_ = true;
    timer_.cancel();
  }

  // Returns once it was woken. Cancelling the coroutine ends it early by throwing
  // boost::system::system_error(operation_aborted).
  boost::asio::awaitable<void> Wait() {
    if (is_woken_) co_return;
    boost::system::error_code interrupted;
    co_await timer_.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, interrupted));
    if (!is_woken_) throw boost::system::system_error(boost::asio::error::operation_aborted);
  }

 private:
  BootTimer timer_;
  bool is_woken_ = false;
};

}  // namespace balance
