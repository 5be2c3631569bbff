#include "clients/core/clock.h"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace balance {

namespace asio = boost::asio;

namespace {

class SystemTimer final : public ClockTimer {
 public:
  explicit SystemTimer(const LoopExecutor& executor) : state_(std::make_shared<State>(executor)) {}
  SystemTimer(const SystemTimer&) = delete;
  SystemTimer& operator=(const SystemTimer&) = delete;
  ~SystemTimer() override { Cancel(); }

  void Set(SteadyTime when, std::function<void()> callback) override {
    state_->callback = std::move(callback);
    state_->due = when;
    FireAt(state_, when);
  }

  void Cancel() override {
    state_->callback = nullptr;
    if (state_->fires != SteadyTime::max()) state_->timer.cancel();
    state_->fires = SteadyTime::max();
  }

 private:
  // Outlives us in the handlers that the loop has already queued.
  struct State {
    explicit State(const LoopExecutor& executor) : timer(executor) {}

    asio::basic_waitable_timer<BootClock, BootWaitTraits, LoopExecutor> timer;
    std::function<void()> callback;
    SteadyTime due = SteadyTime::max();
    // When the timer fires, at `due` or before; max: not at all.
    SteadyTime fires = SteadyTime::max();
  };

  // One that is put off again and again costs nothing until it fires, too early.
  static void FireAt(const std::shared_ptr<State>& state, SteadyTime when) {
    if (state->fires <= when) return;
    state->fires = when;
    state->timer.expires_at(when);
    state->timer.async_wait([state](const boost::system::error_code& cancelled) {
      if (!cancelled) OnFire(state);
    });
  }

  static void OnFire(const std::shared_ptr<State>& state) {
    state->fires = SteadyTime::max();
    if (!state->callback) return;
    if (BootClock::now() < state->due) return FireAt(state, state->due);
    std::exchange(state->callback, nullptr)();
  }

  const std::shared_ptr<State> state_;
};

}  // namespace

WallTime SystemClock::WallNow() const { return std::chrono::system_clock::now(); }

SteadyTime SystemClock::SteadyNow() const { return BootClock::now(); }

asio::awaitable<void> SystemClock::SleepUntil(SteadyTime when) {
  BootTimer timer(co_await asio::this_coro::executor, when);
  co_await timer.async_wait(asio::use_awaitable);
}

std::unique_ptr<ClockTimer> SystemClock::MakeTimer(LoopExecutor executor) {
  return std::make_unique<SystemTimer>(std::move(executor));
}

}  // namespace balance
