#include "clients/core/alarm.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <exception>
#include <utility>

namespace balance {

namespace asio = boost::asio;

struct Alarm::Pending {
  asio::cancellation_signal cancel;
  // A coroutine that is cancelled before it has begun makes Asio throw out of the loop.
  bool has_begun = false;
  std::function<void()> callback;
};

Alarm::Alarm(asio::any_io_executor executor, Clock& clock)
    : executor_(std::move(executor)), clock_(clock) {}

Alarm::~Alarm() { Cancel(); }

void Alarm::Set(SteadyTime when, std::function<void()> callback) {
  Cancel();
  auto pending = std::make_shared<Pending>();
  pending->callback = std::move(callback);
  pending_ = pending;
  asio::co_spawn(executor_, Sleep(pending, when),
                 asio::bind_cancellation_slot(pending->cancel.slot(),
                                              [pending](const std::exception_ptr& interrupted) {
                                                if (interrupted || !pending->callback) return;
                                                std::exchange(pending->callback, nullptr)();
                                              }));
}

asio::awaitable<void> Alarm::Sleep(std::shared_ptr<Pending> pending, SteadyTime when) {
  pending->has_begun = true;
  if (pending->callback) co_await clock_.SleepUntil(when);
}

void Alarm::Cancel() {
  if (!pending_) return;
  const auto pending = std::exchange(pending_, nullptr);
  pending->callback = nullptr;
  if (!pending->has_begun) return;
  // Emitted from elsewhere, Asio would post the rest of it and not notice if the sleep ends first.
  asio::dispatch(executor_, [pending] { pending->cancel.emit(asio::cancellation_type::terminal); });
}

}  // namespace balance
