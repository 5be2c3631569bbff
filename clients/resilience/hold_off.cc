#include "clients/resilience/hold_off.h"

#include "clients/resilience/growing_pause.h"

namespace balance {

void HoldOff::OnRejected(Now now, const Error& error) {
  // It was sent before the rejection that holds off by now.
  if (Because(now)) return;
  if (because_ && IsOver(now)) Clear();
  until_ = now.steady + GrowingPause(first_, in_a_row_++, longest_);
  because_ = std::make_shared<const Error>(error);
  is_for_time_ = error.kind == ErrorKind::kClockSkew;
  wall_offset_ = WallOffset(now).count();
  shared_until_.Set(until_);
}

void HoldOff::Clear() {
  in_a_row_ = 0;
  until_ = SteadyTime::min();
  because_ = nullptr;
  is_for_time_ = false;
  shared_until_.Set(until_);
}

void HoldOff::OnReload() {
  if (!is_for_time_) return;
  Clear();
  ++times_forgiven_;
}

std::shared_ptr<const Error> HoldOff::Because(Now now) const {
  return now.steady < until_ && !IsOver(now) ? because_ : nullptr;
}

std::optional<SteadyTime> HoldOff::HeldUntil(Now now) const {
  const auto until = shared_until_.After(now.steady);
  return until && !IsOver(now) ? until : std::nullopt;
}

bool HoldOff::IsOver(Now now) const {
  return is_for_time_ && WasWallClockSet(Duration(wall_offset_.load()), WallOffset(now));
}

}  // namespace balance
