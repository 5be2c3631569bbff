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
  asio::co_spawn(executor_, clock_.SleepUntil(when),
                 asio::bind_cancellation_slot(pending->cancel.slot(),
                                              [pending](const std::exception_ptr& interrupted) {
                                                if (interrupted || !pending->callback) return;
                                                std::exchange(pending->callback, nullptr)();
                                              }));
}

void Alarm::Cancel() {
  if (!pending_) return;
  const auto pending = std::exchange(pending_, nullptr);
  pending->callback = nullptr;
  // Emitted from elsewhere, Asio would post the rest of it and not notice if the sleep ends first.
  asio::dispatch(executor_, [pending] { pending->cancel.emit(asio::cancellation_type::terminal); });
}

}  // namespace balance
