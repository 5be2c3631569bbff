#include "clients/resilience/hold_off.h"

#include <algorithm>

namespace balance {

void HoldOff::OnRejected(SteadyTime now, const Error& error) {
  // It was sent before the rejection that holds off by now.
  if (now < until_) return;
  Duration length = first_;
  for (int i = 0; i < in_a_row_ && length < longest_; ++i) length *= 2;
  ++in_a_row_;
  until_ = now + std::min(length, longest_);
  because_ = std::make_shared<const Error>(error);
  shared_until_.Set(until_);
}

void HoldOff::Clear() {
  in_a_row_ = 0;
  until_ = SteadyTime::min();
  because_ = nullptr;
  shared_until_.Set(until_);
}

std::shared_ptr<const Error> HoldOff::Because(SteadyTime now) const {
  return now < until_ ? because_ : nullptr;
}

}  // namespace balance
