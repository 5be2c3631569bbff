#include "tests/support/fake_clock.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

namespace balance {

namespace asio = boost::asio;

class FakeClock::Timer final : public ClockTimer {
 public:
  Timer(FakeClock& clock, LoopExecutor executor)
      : clock_(clock), sleepers_(clock.sleepers_), executor_(std::move(executor)) {}
  ~Timer() override { Cancel(); }

  void Set(SteadyTime when, std::function<void()> callback) override {
    Cancel();
    // Whoever has a copy of it knows whether it still counts.
    callback_ = std::make_shared<std::function<void()>>(std::move(callback));
    if (when <= clock_.steady_) return Wake();
    sleeper_ = sleepers_->emplace(when, [this] {
      sleeper_.reset();
      Wake();
    });
  }

  void Cancel() override {
    if (callback_) *callback_ = nullptr;
    if (sleeper_) sleepers_->erase(*std::exchange(sleeper_, std::nullopt));
  }

 private:
  void Wake() {
    asio::post(executor_, [callback = callback_] {
      if (*callback) std::exchange(*callback, nullptr)();
    });
  }

  FakeClock& clock_;
  const std::shared_ptr<Sleepers> sleepers_;
  LoopExecutor executor_;
  std::shared_ptr<std::function<void()>> callback_;
  std::optional<Sleepers::iterator> sleeper_;
};

FakeClock::FakeClock()
    : wall_(std::chrono::seconds(1789740322)), steady_(std::chrono::hours(1000)) {}

asio::awaitable<void> FakeClock::SleepUntil(SteadyTime when) {
  if (when <= steady_) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(asio::steady_timer::time_point::max());
  bool woken = false;
  const auto self = sleepers_->emplace(when, [&timer, &woken] {
    woken = true;
    timer.cancel();
  });
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (woken) co_return;
  sleepers_->erase(self);
  throw boost::system::system_error(asio::error::operation_aborted);
}

std::unique_ptr<ClockTimer> FakeClock::MakeTimer(LoopExecutor executor) {
  return std::make_unique<Timer>(*this, std::move(executor));
}

void FakeClock::Advance(Duration by) {
  wall_ += by;
  steady_ += by;
  while (!sleepers_->empty() && sleepers_->begin()->first <= steady_) {
    const auto wake = std::move(sleepers_->begin()->second);
    sleepers_->erase(sleepers_->begin());
    wake();
  }
}

}  // namespace balance
