#include "clients/resilience/rate_budget.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace balance {
namespace {

using std::chrono::seconds;

// A part of the rate is left unused: requests sent evenly may arrive a little bunched.
constexpr double kUsedShare = 0.9;

// After a 429.
constexpr double kFall = 0.7;
constexpr double kFloorPerSecond = 1;
constexpr double kRaisePerSecond = 0.5;
constexpr Duration kRaiseAfter = seconds(10);

// A pause that no header tells the length of.
constexpr Duration kFirstPause = seconds(1);
constexpr Duration kLongestPause = seconds(300);

// Rounded up: rounding down would let one request too many into a second. An upstream may state any
// limit; one that no credential can have is taken for the nearest that one can.
Duration IntervalOf(double per_second) {
  assert(per_second > 0);
  per_second = std::clamp(per_second, RateSettings::kLeastPerSecond, RateSettings::kMostPerSecond);
  return Duration(static_cast<Duration::rep>(std::ceil(1e9 / (per_second * kUsedShare))));
}

Duration GrownPause(int in_a_row) {
  Duration pause = kFirstPause;
  for (int i = 1; i < in_a_row && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

// The part of a ceiling that whole requests can use up: more than one of 1.2 a second would be two
// in some second. Below one, the same holds for the longer time in which there may be one.
double UsableOf(double ceiling) { return ceiling < 1 ? ceiling : std::floor(ceiling); }

// The largest burst, up to `most`, with which no sliding window ever holds more than `limit`.
int BurstWithin(double limit, int most) {
  return 1 + static_cast<int>(std::min(limit * (1 - kUsedShare), most - 1.0));
}

// `limit` requests in `window` seconds.
void Adopt(std::unique_ptr<RateBucket>& bucket, double limit, double window, int most_burst) {
  if (!(limit > 0) || !std::isfinite(limit)) return;
  limit = UsableOf(limit);
  const int burst = BurstWithin(limit, most_burst);
  if (bucket) {
    bucket->SetLimit(limit / window, burst);
  } else {
    bucket = std::make_unique<RateBucket>(limit / window, burst);
  }
}

}  // namespace

RateBucket::RateBucket(double per_second, int burst) { SetLimit(per_second, burst); }

void RateBucket::SetLimit(double per_second, int burst) {
  assert(burst >= 1);
  burst_ = burst;
  SetRate(per_second);
}

void RateBucket::SetRate(double per_second) {
  interval_ = IntervalOf(per_second);
  tolerance_ = interval_ * (burst_ - 1);
}

void RateBucket::Take(SteadyTime now) { next_ = std::max(now, next_) + interval_; }

void RateBucket::Exhaust(SteadyTime now) { next_ = std::max(next_, now + interval_ + tolerance_); }

bool RateBucket::HasSpare(SteadyTime now) const {
  return next_ == SteadyTime::min() || (next_ - now) * 2 < interval_ * burst_;
}

RateBudget::RateBudget(const RateSettings& configured)
    : ceiling_(configured),
      rate_(configured.requests_per_second),
      configured_(UsableOf(rate_), configured.burst),
      adapted_(rate_, configured.burst) {}

void RateBudget::Configure(SteadyTime now, const RateSettings& configured) {
  if (configured == ceiling_) return;
  const bool was_lowered = rate_ < ceiling_.requests_per_second;
  ceiling_ = configured;
  rate_ = was_lowered ? std::min(rate_, configured.requests_per_second)
                      : configured.requests_per_second;
  configured_.SetLimit(UsableOf(configured.requests_per_second), configured.burst);
  adapted_.SetLimit(rate_, configured.burst);
  configured_.Exhaust(now);
}

SteadyTime RateBudget::Earliest() const {
  SteadyTime earliest =
      std::max({configured_.Earliest(), adapted_.Earliest(), blocked_until_, exhausted_until_});
  if (per_second_) earliest = std::max(earliest, per_second_->Earliest());
  if (per_minute_) earliest = std::max(earliest, per_minute_->Earliest());
  return earliest;
}

SteadyTime RateBudget::FullAt() const {
  SteadyTime full =
      std::max({configured_.FullAt(), adapted_.FullAt(), blocked_until_, exhausted_until_});
  if (per_second_) full = std::max(full, per_second_->FullAt());
  if (per_minute_) full = std::max(full, per_minute_->FullAt());
  return full;
}

void RateBudget::Take(SteadyTime now) {
  configured_.Take(now);
  adapted_.Take(now);
  if (per_second_) per_second_->Take(now);
  if (per_minute_) per_minute_->Take(now);
}

bool RateBudget::HasSpare(SteadyTime now) const {
  return Earliest() <= now && configured_.HasSpare(now) && adapted_.HasSpare(now) &&
         (!per_second_ || per_second_->HasSpare(now)) &&
         (!per_minute_ || per_minute_->HasSpare(now));
}

Duration RateBudget::Interval() const {
  Duration interval = std::max(configured_.interval(), adapted_.interval());
  if (per_second_) interval = std::max(interval, per_second_->interval());
  if (per_minute_) interval = std::max(interval, per_minute_->interval());
  return interval;
}

void RateBudget::OnSuccess(SteadyTime now) {
  rate_limited_in_a_row_ = 0;
  if (rate_ >= ceiling_.requests_per_second || now < clean_since_ + kRaiseAfter) return;
  clean_since_ = now;
  SetRate(std::min(ceiling_.requests_per_second, rate_ + kRaisePerSecond));
}

void RateBudget::OnRateLimited(SteadyTime now, const Error& error) {
  // One out of a cache speaks of another request; one that was sent before the 429 that began the
  // pause speaks of the same excess.
  if (error.is_out_of_cache || now < rate_limited_until_) return OnPause(now, error);
  ++rate_limited_in_a_row_;
  clean_since_ = now;
  SetRate(std::max(rate_ * kFall, std::min(ceiling_.requests_per_second, kFloorPerSecond)));
  rate_limited_until_ = now + error.retry_after.value_or(GrownPause(rate_limited_in_a_row_));
  Block(rate_limited_until_, error);
}

void RateBudget::OnPause(SteadyTime now, const Error& error) {
  if (error.retry_after) Block(now + *error.retry_after, error);
}

void RateBudget::OnLimits(SteadyTime now, const RateLimits& limits) {
  if (limits.per_second) Adopt(per_second_, *limits.per_second, 1, 100);
  // A minute's budget is spread over the minute.
  if (limits.per_minute) Adopt(per_minute_, *limits.per_minute, 60, 2);
  if (limits.exhausted_for) {
    exhausted_until_ = std::max(exhausted_until_, now + *limits.exhausted_for);
  }
}

void RateBudget::Block(SteadyTime until, const Error& error) {
  if (until <= blocked_until_) return;
  blocked_until_ = until;
  blocked_by_ = std::make_shared<const Error>(error);
}

void RateBudget::SetRate(double per_second) {
  rate_ = per_second;
  adapted_.SetRate(per_second);
}

}  // namespace balance
