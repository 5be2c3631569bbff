#pragma once

// How far an upstream's clock is from ours, estimated from the Date of its answers.

#include <atomic>
#include <deque>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/upstream_clock.h"

namespace balance {

// The clock skew of one host. It is kept against the steady clock, so it still holds after this
// machine's wall clock was set. Used on its shard's thread only, except Skew().
class ClockSkew final : public UpstreamClock {
 public:
  // `clock` must outlive it.
  explicit ClockSkew(const Clock& clock) : clock_(clock) {}

  // A correction beyond this would hide a clock that somebody has to mend.
  static constexpr Duration kMaxCorrection = std::chrono::minutes(15);

  // The median of the latest samples, where it is more than the error of measurement can explain;
  // never more than kMaxCorrection either way, else none.
  Duration Correction() const override;

  // A Date is cut to the second. A slow exchange, or one that the wall clock jumped in, is no
  // sample.
  void Observe(WallTime date, WallTime sent, WallTime received) override;

  void Distrust() override { samples_.clear(); }

  // Thread-safe. The upstream's clock minus ours; unset before the first sample.
  std::optional<Duration> Skew() const;

 private:
  static constexpr std::size_t kSamples = 9;
  static constexpr Duration kSlowestExchange = std::chrono::seconds(2);
  // Beside the error of measurement.
  static constexpr Duration kIgnored = std::chrono::milliseconds(1500);

  struct Sample {
    // WallOffset() as the upstream has it.
    Duration offset;
    // The true offset is at most this far from it.
    Duration error;
  };

  Sample Median() const;
  Duration OurOffset() const { return WallOffset(clock_.Time()); }

  const Clock& clock_;
  std::deque<Sample> samples_;
  std::atomic<bool> is_known_ = false;
  // The upstream's WallOffset().
  std::atomic<Duration::rep> offset_ = 0;
};

}  // namespace balance
