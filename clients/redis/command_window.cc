#include "clients/redis/command_window.h"

namespace balance {

CommandWindow::Turn::~Turn() {
  if (is_queued_) window_.queue_.erase(position_);
  if (!has_come_) return;
  --window_.under_way_;
  if (!window_.queue_.empty()) window_.TakeFirst(true);
}

boost::asio::awaitable<bool> CommandWindow::Turn::Await() {
  if (window_.under_way_ < window_.settings_.size) {
    ++window_.under_way_;
    has_come_ = true;
    co_return true;
  }
  window_.Queue(*this);
  co_await ends_.Wait();
  co_return has_come_;
}

void CommandWindow::Dismiss() {
  while (!queue_.empty()) TakeFirst(false);
}

void CommandWindow::Queue(Turn& turn) {
  turn.until_ = clock_.SteadyNow() + settings_.patience;
  turn.position_ = queue_.insert(queue_.end(), &turn);
  turn.is_queued_ = true;
  if (is_alarm_set_) return;
  is_alarm_set_ = true;
  alarm_.Set(turn.until_, [this] { OnAlarm(); });
}

void CommandWindow::TakeFirst(bool has_come) {
  Turn& turn = *queue_.front();
  queue_.pop_front();
  turn.is_queued_ = false;
  turn.has_come_ = has_come;
  if (has_come) ++under_way_;
  turn.ends_.Wake();
}

void CommandWindow::OnAlarm() {
  const SteadyTime now = clock_.SteadyNow();
  while (!queue_.empty() && queue_.front()->until_ <= now) TakeFirst(false);
  is_alarm_set_ = !queue_.empty();
  if (is_alarm_set_) alarm_.Set(queue_.front()->until_, [this] { OnAlarm(); });
}

}  // namespace balance
