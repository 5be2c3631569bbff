#pragma once

// When to answer those whose time runs out: so early that all of them still get their answer,
// however many run out of time at one instant.

#include <boost/icl/interval_set.hpp>
#include <cstdint>
#include <functional>
#include <map>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "service/feed/loop_heartbeat.h"

namespace balance {

// The reads of one event loop that wait with a deadline. Time is divided into slots, each with room
// for as many answers as the loop gives in it; a read whose slot is full is answered in the next
// earlier one that is not. Used on the loop's thread only.
class AnswerSchedule {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(5);
  // Least cost of an answer: giving it, sending it, and taking it at the end of the caller, who
  // often has asked for many.
  static constexpr Duration kLeastCost = std::chrono::microseconds(300);
  static constexpr Duration kMostCost = std::chrono::milliseconds(2);
  // Most time by which an answer is given earlier because the loop is late.
  static constexpr Duration kMostLateness = std::chrono::milliseconds(250);
  // Number of answers that are given in one piece of work.
  static constexpr int kGivenAtOnce = 32;

  using Give = std::function<void()>;

 private:
  struct Entry {
    std::int64_t slot;
    Give give;
  };
  // Answers, ordered by the time at which they are to be given.
  using Entries = std::multimap<SteadyTime, Entry>;

 public:
  // The place of one read; good until its answer is given or it is removed.
  using Place = Entries::iterator;

  // Answers are given as much earlier as `heartbeat` says that the loop is late. Both must outlive
  // the schedule.
  AnswerSchedule(LoopExecutor executor, Clock& clock, const LoopHeartbeat& heartbeat);

  // Calls `give` once, never from here: at `answer_by`, or before it as far as the others and the
  // lateness of the loop require. A read that began at `asked` keeps half of its time in any case.
  Place Add(SteadyTime asked, SteadyTime answer_by, Give give);
  void Remove(Place place);

  // Called when an answer, to whomever, has taken the loop so long.
  void NoteCost(Duration took);

 private:
  // The latest slot with room that is not after `slot`, but none before `first`.
  std::int64_t SlotWithRoom(std::int64_t slot, std::int64_t first) const;
  void Take(std::int64_t slot);
  void Free(std::int64_t slot);
  void Plan();
  void GiveDue();

  Clock& clock_;
  const LoopHeartbeat& heartbeat_;
  Entries entries_;
  // Number of answers that are to be given in each slot; none that is empty.
  std::map<std::int64_t, int> taken_;
  boost::icl::interval_set<std::int64_t> full_;
  // Recent cost of an answer.
  Duration cost_ = kLeastCost;
  Alarm next_;
};

}  // namespace balance
