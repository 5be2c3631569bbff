#pragma once

// A credential that the upstream has rejected is left alone for a while: asking on would only look
// like an attack.

#include <memory>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/shared_time.h"

namespace balance {

// Time is an argument. Used on its shard's thread only, except until(). Shared by the sources of a
// credential, or of one source only.
class HoldOff {
 public:
  // The n-th rejection in a row, not counting those that arrive during a hold-off, holds off for
  // `first` * 2^(n-1), at most `longest`.
  HoldOff(Duration first, Duration longest) : first_(first), longest_(longest) {}

  void OnRejected(SteadyTime now, const Error& error);
  // A good answer, or another secret.
  void Clear();

  // Why no request may be sent at `now`; null if one may.
  std::shared_ptr<const Error> Because(SteadyTime now) const;
  SteadyTime Until() const { return until_; }

  // Thread-safe.
  const SharedTime& until() const { return shared_until_; }

 private:
  const Duration first_;
  const Duration longest_;
  int in_a_row_ = 0;
  SteadyTime until_ = SteadyTime::min();
  std::shared_ptr<const Error> because_;
  SharedTime shared_until_;
};

}  // namespace balance
