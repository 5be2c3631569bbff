#pragma once

// Counts how long one source was in demand, and how much of that time its newest reading was fresh
// enough: the two sides of the service level objective that monitoring/README.md describes.

#include <map>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/source_info.h"

namespace balance {

struct FreshnessTimes {
  Duration in_demand{0};
  // The part of `in_demand` in which the newest reading was fresh enough.
  Duration fresh{0};
  // Greatest age of a reading of a source that is in demand; zero if there is none.
  Duration oldest{0};

  FreshnessTimes& operator+=(const FreshnessTimes& other);
  friend bool operator==(const FreshnessTimes&, const FreshnessTimes&) = default;
};

using FreshnessByKind = std::map<SourceKind, FreshnessTimes>;

// A source is in demand while somebody watches it, and after each read that wanted it for kGrace
// and as long as a reading is FRESH at best: cache.ttl, or push.poll_interval where that is more.
//
// Its newest reading is fresh enough for as long as it is FRESH, or for the greater age that all
// who watch it allow, and kGrace. If it ceases to be FRESH before, because the venue tells of a
// change or tells nothing any more, then for kGrace from there. A demand that begins gives the
// source kGrace to be read. So a healthy source that is read now and then, with nothing in between,
// is fresh all the time.
//
// All is reckoned from the times of what happened, not sampled. Plain values: on one thread at a
// time.
class FreshnessMeter {
 public:
  static constexpr Duration kGrace = std::chrono::seconds(5);

  // `longest`: how long a reading is FRESH at best.
  explicit FreshnessMeter(Duration longest) : longest_(longest), fresh_for_(longest) {}

  // A read wanted the source. `when` may be a little before what the meter was told last.
  void Ask(SteadyTime when);

  // `age`: how old a reading may become for all who watch; nullopt: nobody does.
  void SetWatched(std::optional<Duration> age, SteadyTime now);

  // How long after its observe time the newest reading is FRESH, from now on; nullopt: it is not,
  // however new.
  void SetFreshFor(std::optional<Duration> fresh_for, SteadyTime now);

  // The newest reading is one observed at `observed`.
  void OnReading(SteadyTime observed, SteadyTime now);

  // The times since it was asked last.
  FreshnessTimes Take(SteadyTime now);

 private:
  bool IsInDemand(SteadyTime when) const { return is_watched_ || when < asked_until_; }
  // Counts the time until `now`.
  void CountUntil(SteadyTime now);
  void BeginDemand(SteadyTime now);
  // End of the time in which the newest reading is fresh enough, without kGrace.
  SteadyTime FreshUntil() const;

  const Duration longest_;
  std::optional<Duration> fresh_for_;
  // How old a reading may become for those who watch.
  Duration watched_age_{0};
  bool is_watched_ = false;
  SteadyTime counted_until_ = SteadyTime::min();
  SteadyTime demand_since_ = SteadyTime::min();
  // End of the demand of those who have read.
  SteadyTime asked_until_ = SteadyTime::min();
  // Observe time of the newest reading.
  std::optional<SteadyTime> observed_;
  // When that ceased to be FRESH before its time.
  SteadyTime lost_at_ = SteadyTime::min();
  FreshnessTimes times_;
};

}  // namespace balance
