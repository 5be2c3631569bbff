#include "clients/resilience/breaker.h"

#include <algorithm>
#include <utility>

#include "clients/resilience/growing_pause.h"

namespace balance {
namespace {

constexpr Breaker::Settings kSettings{};

}  // namespace

Breaker::Permit::~Permit() {
  if (breaker_ != nullptr && is_probe_) breaker_->EndProbe();
}

void Breaker::Permit::Succeeded(SteadyTime now) {
  std::exchange(breaker_, nullptr)->OnSuccess(is_probe_, begun_, now);
}

void Breaker::Permit::Failed(SteadyTime now, const Error& error) {
  std::exchange(breaker_, nullptr)->OnFailure(is_probe_, now, error);
}

std::optional<Breaker::Permit> Breaker::Admit(SteadyTime now) {
  if (Because(now)) return std::nullopt;
  SetProbing(is_open_);
  return std::make_optional<Permit>(*this, is_open_, now);
}

std::shared_ptr<const Error> Breaker::Because(SteadyTime now) const {
  if (!is_open_) return nullptr;
  return now < open_until_ || probing_ ? because_ : nullptr;
}

bool Breaker::UsuallyTakesLongerThan(Duration time) const {
  return time < latency_.Quantile(0.5).value_or(Duration(0));
}

void Breaker::OnReload() {
  if (is_open_ && because_->may_be_configuration) Close();
}

void Breaker::OnHostBack(SteadyTime now) {
  if (!is_open_ || !because_->is_connect_failure) return;
  open_until_ = std::min(open_until_, std::max(now, opened_at_ + kSettings.open));
  shared_until_.Set(open_until_);
}

void Breaker::SetProbing(bool is_probing) {
  probing_ = is_probing;
  shared_is_probing_ = is_probing;
}

BreakerState Breaker::State(SteadyTime now) const {
  if (!shared_is_open_) return BreakerState::kClosed;
  return shared_until_.After(now) ? BreakerState::kOpen : BreakerState::kHalfOpen;
}

void Breaker::OnSuccess(bool was_probe, SteadyTime begun, SteadyTime now) {
  latency_.Add(now - begun);
  if (was_probe) {
    EndProbe();
    if (is_open_ && ++good_probes_ >= kSettings.probes) Close();
    return;
  }
  // A request of before the breaker opened says nothing about now.
  if (is_open_) return;
  failures_in_a_row_ = 0;
  calls_.Add(now, false);
}

void Breaker::OnFailure(bool was_probe, SteadyTime now, const Error& error) {
  if (was_probe) {
    EndProbe();
    // Closed meanwhile by a reload: what it probed is no longer the case.
    if (!is_open_) return;
    return Open(now, error);
  }
  if (is_open_) return;
  ++failures_in_a_row_;
  calls_.Add(now, true);
  if (ShouldOpen(error)) Open(now, error);
}

bool Breaker::ShouldOpen(const Error& latest) const {
  if (latest.kind == ErrorKind::kReplyInvalid) return true;
  if (failures_in_a_row_ >= kSettings.failures_in_a_row) return true;
  return calls_.calls() >= kSettings.calls &&
         calls_.failed() >= kSettings.failed_share * calls_.calls();
}

void Breaker::Open(SteadyTime now, const Error& error) {
  const Duration length = GrowingPause(kSettings.open, opened_in_a_row_++, kSettings.longest_open);
  opened_at_ = now;
  open_until_ =
      now + Spread(length, kSettings.open, kSettings.longest_open, kSettings.jitter, random_());
  because_ = std::make_shared<const Error>(error);
  good_probes_ = 0;
  is_open_ = true;
  shared_until_.Set(open_until_);
  shared_is_open_ = true;
}

void Breaker::Close() {
  is_open_ = false;
  opened_in_a_row_ = 0;
  failures_in_a_row_ = 0;
  calls_.Clear();
  because_ = nullptr;
  shared_is_open_ = false;
}

}  // namespace balance
