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

// "TTL" is how long a reading is FRESH at best: cache.ttl, or push.poll_interval where that is
// more.
//
// A source is in demand while somebody watches it, and for its TTL and kGrace after each read that
// wanted it. Its newest reading is fresh enough until kGrace past the TTL, or past the greater age
// that all who watch it allow. A demand that begins gives the source kGrace to be read. So a
// healthy source that is read now and then, with nothing in between, is fresh all the time.
//
// All is reckoned from the times of what happened, not sampled. Plain values: on one thread at a
// time.
class FreshnessMeter {
 public:
  static constexpr Duration kGrace = std::chrono::seconds(5);

  explicit FreshnessMeter(Duration ttl) : ttl_(ttl), watched_age_(ttl) {}

  // A read wanted the source. `when` may be a little before what the meter was told last.
  void Ask(SteadyTime when);

  // `age`: how old a reading may become for all who watch; nullopt: nobody does.
  void SetWatched(std::optional<Duration> age, SteadyTime now);

  // The newest reading is one observed at `observed`.
  void OnReading(SteadyTime observed, SteadyTime now);

  // The times since it was asked last.
  FreshnessTimes Take(SteadyTime now);

 private:
  bool IsInDemand(SteadyTime when) const { return is_watched_ || when < asked_until_; }
  // Counts the time until `now`.
  void CountUntil(SteadyTime now);
  void BeginDemand(SteadyTime now);

  Duration ttl_;
  // How old a reading may become: the TTL, or what those who watch allow if that is more.
  Duration watched_age_;
  bool is_watched_ = false;
  SteadyTime counted_until_ = SteadyTime::min();
  SteadyTime demand_since_ = SteadyTime::min();
  // End of the demand of those who have read.
  SteadyTime asked_until_ = SteadyTime::min();
  // Observe time of the newest reading.
  std::optional<SteadyTime> observed_;
  FreshnessTimes times_;
};

}  // namespace balance
