#include "clients/resilience/host_breaker.h"

#include <algorithm>
#include <utility>

#include "clients/core/time_text.h"
#include "clients/resilience/growing_pause.h"
#include "clients/resilience/login_breaker.h"

namespace balance {
namespace {

// `error` in the words for requests that are refused because of it.
Error SayingSince(Error error, WallTime since) {
  while (!error.message.empty() && error.message.back() == '.') error.message.pop_back();
  error.message += "; no login has reached the host since " +
                   UtcText(std::chrono::floor<std::chrono::seconds>(since)) + ".";
  return error;
}

}  // namespace

HostBreaker::HostBreaker(Random random, Settings settings)
    : settings_(settings), random_(std::move(random)) {}

std::shared_ptr<const Error> HostBreaker::Because(const LoginBreaker& login, SteadyTime now) const {
  const bool may_probe = now >= down_until_ && !probing_ && !IsOthersTurn(login, now);
  return may_probe ? nullptr : because_;
}

SteadyTime HostBreaker::Until(SteadyTime now) const {
  return now < down_until_ ? down_until_ : now + settings_.turn_patience;
}

void HostBreaker::BeginProbe(LoginBreaker& login, SteadyTime now) {
  // Another one's turn was waited for in vain: if it does not ask any more, the next probe need not
  // wait for it again.
  if (!queue_.empty() && queue_.front().login != &login &&
      queue_.front().asked + settings_.interest <= now) {
    queue_.front().login->LeaveQueue();
  }
  login.LeaveQueue();
  probing_ = true;
  shared_is_probing_ = true;
}

void HostBreaker::EndProbe() {
  probing_ = false;
  shared_is_probing_ = false;
}

void HostBreaker::OnAnswer(SteadyTime begun, SteadyTime now) {
  if (failures_in_a_row_ == 0) return;
  // A request that was sent before tells nothing: its connection is older than the trouble.
  if (is_down_ && begun < down_at_) return;
  ++trouble_;
  failures_in_a_row_ = 0;
  if (!is_down_) return;
  is_down_ = false;
  opened_in_a_row_ = 0;
  because_ = nullptr;
  shared_is_down_ = false;
  while (!queue_.empty()) queue_.front().login->LeaveQueue();
  for (LoginBreaker* login : logins_) login->own_.OnHostBack(now);
}

void HostBreaker::OnNoConnection(bool was_probe, Now now, const Error& error) {
  if (failures_in_a_row_++ == 0) failing_since_ = now.wall;
  // Logins that try for the first time while it is down leave the schedule of the probes alone.
  if (was_probe || (!is_down_ && failures_in_a_row_ >= settings_.failures_in_a_row)) {
    Open(now.steady, error);
  }
}

void HostBreaker::Open(SteadyTime now, const Error& error) {
  if (!is_down_) down_at_ = now;
  const Duration length = GrowingPause(settings_.open, opened_in_a_row_++, settings_.longest_open);
  down_until_ =
      now + Spread(length, settings_.open, settings_.longest_open, settings_.jitter, random_());
  because_ = std::make_shared<const Error>(SayingSince(error, failing_since_));
  is_down_ = true;
  shared_until_.Set(down_until_);
  shared_is_down_ = true;
}

bool HostBreaker::IsInterested(const Place& place, SteadyTime now) const {
  return std::max(place.asked, down_until_) + settings_.interest > now;
}

bool HostBreaker::IsOthersTurn(const LoginBreaker& login, SteadyTime now) const {
  if (now >= down_until_ + settings_.turn_patience) return false;
  for (const Place& place : queue_) {
    if (place.login == &login) return false;
    if (IsInterested(place, now)) return true;
  }
  return false;
}

void HostBreaker::ForgetUninterested(SteadyTime now) {
  while (!queue_.empty() && !IsInterested(queue_.front(), now)) {
    queue_.front().login->LeaveQueue();
  }
}

}  // namespace balance
