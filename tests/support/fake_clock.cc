#include "tests/support/fake_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace balance {

namespace asio = boost::asio;

FakeClock::FakeClock()
    : wall_(std::chrono::seconds(1789740322)), steady_(std::chrono::hours(1000)) {}

asio::awaitable<void> FakeClock::SleepUntil(SteadyTime when) {
  if (when <= steady_) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(asio::steady_timer::time_point::max());
  bool woken = false;
  const auto self = sleepers_.insert(sleepers_.end(), Sleeper{when, &timer, &woken});
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (woken) co_return;
  sleepers_.erase(self);
  throw boost::system::system_error(asio::error::operation_aborted);
}

void FakeClock::Advance(Duration by) {
  wall_ += by;
  steady_ += by;
  while (true) {
    auto due = sleepers_.end();
    for (auto it = sleepers_.begin(); it != sleepers_.end(); ++it) {
      if (it->when <= steady_ && (due == sleepers_.end() || it->when < due->when)) due = it;
    }
    if (due == sleepers_.end()) return;
    *due->woken = true;
    due->timer->cancel();
    sleepers_.erase(due);
  }
}

}  // namespace balance
