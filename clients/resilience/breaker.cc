#include "clients/resilience/breaker.h"

#include <algorithm>
#include <utility>

namespace balance {

Breaker::Permit::~Permit() {
  if (breaker_ != nullptr && is_probe_) breaker_->EndProbe();
}

void Breaker::Permit::Succeeded(SteadyTime now) {
  std::exchange(breaker_, nullptr)->OnSuccess(is_probe_, begun_, now);
}

void Breaker::Permit::Failed(SteadyTime now, const Error& error, bool by_deadline) {
  std::exchange(breaker_, nullptr)->OnFailure(is_probe_, begun_, now, error, by_deadline);
}

Breaker::Breaker(Random random, Settings settings)
    : settings_(settings), random_(std::move(random)) {}

std::optional<Breaker::Permit> Breaker::Admit(SteadyTime now) {
  if (Because(now)) return std::nullopt;
  probing_ = is_open_;
  return std::make_optional<Permit>(*this, is_open_, now);
}

std::shared_ptr<const Error> Breaker::Because(SteadyTime now) const {
  if (!is_open_) return nullptr;
  return now < open_until_ || probing_ ? because_ : nullptr;
}

BreakerState Breaker::State(SteadyTime now) const {
  if (!shared_is_open_) return BreakerState::kClosed;
  return shared_until_.After(now) ? BreakerState::kOpen : BreakerState::kHalfOpen;
}

void Breaker::OnSuccess(bool was_probe, SteadyTime begun, SteadyTime now) {
  latency_.Add(now - begun);
  if (was_probe) {
    EndProbe();
    if (++good_probes_ >= settings_.probes) Close();
    return;
  }
  // A request of before the breaker opened says nothing about now.
  if (is_open_) return;
  failures_in_a_row_ = 0;
  Count(now, false);
}

void Breaker::OnFailure(bool was_probe, SteadyTime begun, SteadyTime now, const Error& error,
                        bool by_deadline) {
  const bool counts = !by_deadline || now - begun >= latency_.Quantile(0.5).value_or(Duration(0));
  if (was_probe) {
    EndProbe();
    if (counts) Open(now, error);
    return;
  }
  if (is_open_ || !counts) return;
  ++failures_in_a_row_;
  Count(now, true);
  if (ShouldOpen()) Open(now, error);
}

void Breaker::Count(SteadyTime now, bool failed) {
  calls_.push_back({now, failed});
  if (failed) ++failed_calls_;
  while (calls_.front().end + settings_.window <= now) {
    if (calls_.front().failed) --failed_calls_;
    calls_.pop_front();
  }
}

bool Breaker::ShouldOpen() const {
  if (failures_in_a_row_ >= settings_.failures_in_a_row) return true;
  if (calls_.size() < static_cast<std::size_t>(settings_.calls)) return false;
  return static_cast<double>(failed_calls_) >=
         settings_.failed_share * static_cast<double>(calls_.size());
}

void Breaker::Open(SteadyTime now, const Error& error) {
  Duration length = settings_.open;
  for (int i = 0; i < opened_in_a_row_ && length < settings_.longest_open; ++i) length *= 2;
  ++opened_in_a_row_;
  const double spread = 1 + settings_.jitter * (2 * random_() - 1);
  length = std::min(length, settings_.longest_open);
  open_until_ =
      now + Duration(static_cast<Duration::rep>(static_cast<double>(length.count()) * spread));
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
  calls_.clear();
  failed_calls_ = 0;
  because_ = nullptr;
  shared_is_open_ = false;
}

}  // namespace balance
