#include "clients/core/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace balance {

namespace asio = boost::asio;

WallTime SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

SteadyTime SystemClock::SteadyNow() const { return std::chrono::steady_clock::now(); }

asio::awaitable<void> SystemClock::SleepUntil(SteadyTime when) {
  asio::steady_timer timer(co_await asio::this_coro::executor, when);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace balance
