#include "service/observe/refresh_history.h"

#include <algorithm>

namespace balance {

RefreshHistory::RefreshHistory(RefreshObserver& next, const std::vector<NamedKind>& kinds,
                               const Clock& clock)
    : next_(next), clock_(clock) {
  for (const NamedKind& named : kinds) rings_[named.kind];
}

void RefreshHistory::OnRefresh(const SourceStatus& before, const Result<Reading>& result,
                               Duration took) {
  {
    const MutexLock lock(mutex_);
    if (Step* step = Present(before.info->kind)) {
      ++step->ended;
      if (!result) ++step->failed;
      step->slowest = std::max(step->slowest, took);
      step->total += took;
    }
  }
  next_.OnRefresh(before, result, took);
}

void RefreshHistory::OnFreshness(SourceKind kind, const FreshnessTimes& times) {
  if (times.oldest > Duration::zero()) {
    const MutexLock lock(mutex_);
    if (Step* step = Present(kind)) {
      step->oldest = std::max(step->oldest.value_or(Duration::zero()), times.oldest);
    }
  }
  next_.OnFreshness(kind, times);
}

RefreshHistory::Step* RefreshHistory::Present(SourceKind kind) {
  const auto ring = rings_.find(kind);
  if (ring == rings_.end()) return nullptr;
  const std::int64_t number = NumberOf(clock_.SteadyNow());
  Place& place = ring->second[IndexOf(number)];
  if (place.number != number) place = {number, {}};
  return &place.step;
}

RefreshHistory::ByKind RefreshHistory::Last(SteadyTime now) const {
  const std::int64_t first = NumberOf(now) - static_cast<std::int64_t>(kSteps) + 1;
  ByKind all;
  const MutexLock lock(mutex_);
  for (const auto& [kind, ring] : rings_) {
    Steps& steps = all[kind];
    for (std::size_t i = 0; i < kSteps; ++i) {
      const std::int64_t number = first + static_cast<std::int64_t>(i);
      if (number < 0) continue;
      const Place& place = ring[IndexOf(number)];
      if (place.number == number) steps[i] = place.step;
    }
  }
  return all;
}

}  // namespace balance
