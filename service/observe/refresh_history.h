#pragma once

// How long refreshes took and how old readings became in the last minutes: what the status page
// plots.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "clients/core/source_info.h"
#include "service/feed/source_feed.h"

namespace balance {

// A decorator; `next` must outlive it. Thread-safe. Takes some 6 KiB of memory for each kind of
// source, however many sources there are, for it keeps sums and extremes only.
class RefreshHistory final : public RefreshObserver {
 public:
  static constexpr Duration kStep = std::chrono::seconds(5);
  static constexpr std::size_t kSteps = 120;

  // What happened to the sources of one kind in kStep.
  struct Step {
    // Number of refreshes that ended, failed ones among them, and of those that failed.
    std::int32_t ended = 0;
    std::int32_t failed = 0;
    // Time that the slowest of them took, and that all took together.
    Duration slowest{0};
    Duration total{0};
    // Greatest age that a reading had reached of a source that somebody reads or watches. Unset:
    // there was none.
    std::optional<Duration> oldest;

    friend bool operator==(const Step&, const Step&) = default;
  };
  // The oldest step first; the last one is not over.
  using Steps = std::array<Step, kSteps>;
  using ByKind = std::map<SourceKind, Steps>;

  // `kinds` are those of all sources there can be. `clock` must outlive it too.
  RefreshHistory(RefreshObserver& next, const std::vector<NamedKind>& kinds, const Clock& clock);
  RefreshHistory(const RefreshHistory&) = delete;
  RefreshHistory& operator=(const RefreshHistory&) = delete;
  ~RefreshHistory() override = default;

  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;
  void OnRefusal(const SourceStatus& before, const Error& why) override {
    next_.OnRefusal(before, why);
  }
  void OnShared(const SourceStatus& before, const Result<Reading>& result) override {
    next_.OnShared(before, result);
  }
  void OnDropped(const SourceStatus& known) override { next_.OnDropped(known); }
  void OnFreshness(SourceKind kind, const FreshnessTimes& times) override;

  // The steps up to that of `now`.
  ByKind Last(SteadyTime now) const;

 private:
  // A step, and how many steps of the steady clock came before it.
  struct Place {
    std::int64_t number = -1;
    Step step;
  };
  using Ring = std::array<Place, kSteps>;

  static std::int64_t NumberOf(SteadyTime when) { return when.time_since_epoch() / kStep; }
  static std::size_t IndexOf(std::int64_t number) {
    return static_cast<std::size_t>(number) % kSteps;
  }
  // The present step. Null if there is no such kind.
  Step* Present(SourceKind kind) BALANCE_REQUIRES(mutex_);

  RefreshObserver& next_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // Never gets another entry.
  std::map<SourceKind, Ring> rings_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
