#pragma once

// A credential that the upstream has rejected is left alone for a while: asking on would only look
// like an attack.

#include <atomic>
#include <memory>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/shared_time.h"

namespace balance {

// A hold-off for a rejected time (kClockSkew) also ends when somebody sets this machine's clock:
// the wall clock has moved against the steady one since.
//
// Time is an argument. Used on its shard's thread only, except HeldUntil(). Shared by the sources
// of a credential, or of one source only.
class HoldOff {
 public:
  // The n-th rejection in a row, not counting those that arrive during a hold-off, holds off for
  // `first` * 2^(n-1), at most `longest`.
  HoldOff(Duration first, Duration longest) : first_(first), longest_(longest) {}

  void OnRejected(Now now, const Error& error);
  // A good answer, or another secret.
  void Clear();
  // The configuration was read anew: whoever did that may have set the clock right, or the venue's
  // may be right again. Ends a hold-off for a rejected time.
  void OnReload();

  // Why no request may be sent at `now`; null if one may.
  std::shared_ptr<const Error> Because(Now now) const;
  // When the latest one ends, unless it ends before; the least time if there was none.
  SteadyTime Until() const { return until_; }
  // How often a rejected time was forgiven: rejections of before tell nothing about those after.
  int times_forgiven() const { return times_forgiven_; }

  // End of the hold-off; unset if nothing is held off. Thread-safe.
  std::optional<SteadyTime> HeldUntil(Now now) const;

 private:
  bool IsOver(Now now) const;

  const Duration first_;
  const Duration longest_;
  int in_a_row_ = 0;
  SteadyTime until_ = SteadyTime::min();
  std::shared_ptr<const Error> because_;
  int times_forgiven_ = 0;

  // Copies of the state, for other threads.
  SharedTime shared_until_;
  std::atomic<bool> is_for_time_ = false;
  // WallOffset() at the rejection.
  std::atomic<Duration::rep> wall_offset_ = 0;
};

}  // namespace balance
