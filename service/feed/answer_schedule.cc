#include "service/feed/answer_schedule.h"

#include <algorithm>
#include <utility>

namespace balance {
namespace {

std::int64_t SlotOf(SteadyTime time) { return time.time_since_epoch() / AnswerSchedule::kSlot; }

}  // namespace

AnswerSchedule::AnswerSchedule(LoopExecutor executor, Clock& clock, const LoopHeartbeat& heartbeat)
    : clock_(clock), heartbeat_(heartbeat), next_(std::move(executor), clock) {}

AnswerSchedule::Place AnswerSchedule::Add(SteadyTime asked, SteadyTime answer_by, Give give) {
  const SteadyTime earliest = asked + (answer_by - asked) / 2;
  const SteadyTime wished = answer_by - std::min(heartbeat_.Lateness(), kMostLateness);
  const std::int64_t last = SlotOf(std::max(wished, earliest));
  const std::int64_t slot = SlotWithRoom(last, SlotOf(earliest));
  Take(slot);
  const SteadyTime when = std::max(wished - kSlot * (last - slot), earliest);
  const auto place = entries_.emplace(when, Entry{slot, std::move(give)});
  if (place == entries_.begin()) Plan();
  return place;
}

void AnswerSchedule::Remove(Place place) {
  Free(place->second.slot);
  entries_.erase(place);
  if (entries_.empty()) Plan();
}

void AnswerSchedule::NoteCost(Duration took) {
  cost_ = std::clamp(cost_ + (took - cost_) / 16, kLeastCost, kMostCost);
}

std::int64_t AnswerSchedule::SlotWithRoom(std::int64_t slot, std::int64_t first) const {
  const auto full = full_.find(slot);
  if (full == full_.end()) return slot;
  return std::max(boost::icl::first(*full) - 1, first);
}

void AnswerSchedule::Take(std::int64_t slot) {
  if (++taken_[slot] >= kSlot / cost_) full_.add(slot);
}

void AnswerSchedule::Free(std::int64_t slot) {
  const auto taken = taken_.find(slot);
  if (--taken->second == 0) taken_.erase(taken);
  full_.erase(slot);
}

void AnswerSchedule::Plan() {
  // A timer would keep the loop from ending.
  if (entries_.empty()) return next_.Cancel();
  next_.Set(entries_.begin()->first, [this] { GiveDue(); });
}

void AnswerSchedule::GiveDue() {
  const SteadyTime began = clock_.SteadyNow();
  for (int i = 0; i < kGivenAtOnce && !entries_.empty(); ++i) {
    if (entries_.begin()->first > began) break;
    const Entries::node_type due = entries_.extract(entries_.begin());
    Free(due.mapped().slot);
    due.mapped().give();
  }
  Plan();
}

}  // namespace balance
