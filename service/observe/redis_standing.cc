#include "service/observe/redis_standing.h"

#include <algorithm>

namespace balance {
namespace {

std::string_view NameOf(RedisErrorKind kind) {
  return kRedisErrorNames[static_cast<std::size_t>(kind)];
}

// What a full Redis, or one that may not be written to, still does says nothing.
bool HasWritten(FleetOperation operation, std::string_view outcome) {
  switch (operation) {
    case FleetOperation::kAcquire:
      return outcome == "GRANTED";
    case FleetOperation::kStore:
      return outcome == "KEPT";
    case FleetOperation::kRate:
      return outcome == kOtherOutcome;
    case FleetOperation::kRelease:
      break;
  }
  return false;
}

// Whether Redis answers, and takes no writes.
bool IsRefusal(std::string_view outcome) {
  return outcome == NameOf(RedisErrorKind::kFull) || outcome == NameOf(RedisErrorKind::kNoWrites) ||
         outcome == NameOf(RedisErrorKind::kNotPermitted);
}

// Of a connection that is lost, the next one is proof enough: it is made to a primary only.
bool IsOfTheConnection(std::string_view outcome) {
  return outcome == NameOf(RedisErrorKind::kAway) ||
         outcome == NameOf(RedisErrorKind::kUnreachable) ||
         outcome == NameOf(RedisErrorKind::kReplica);
}

bool IsFailure(std::string_view outcome) {
  return std::find(kRedisErrorNames.begin(), kRedisErrorNames.end(), outcome) !=
         kRedisErrorNames.end();
}

}  // namespace

bool RedisStanding::IsOfUse(const RedisHealth& health) {
  if (health.times_opened() != times_opened_) is_doubted_ = true;
  times_opened_ = health.times_opened();
  if (health.reason()) reason_ = health.reason()->message;
  // Counted from the end of time's beginning, the difference would not fit.
  const bool failed_lately = failed_at_ != SteadyTime::min() &&
                             clock_.SteadyNow() - failed_at_ < RedisHealth::Settings().window;
  if (!health.is_open() && (has_worked_ || !failed_lately)) is_doubted_ = false;
  if (!health.Admits() || is_doubted_) return false;
  reason_.clear();
  return true;
}

void RedisStanding::OnOperation(FleetOperation operation, std::string_view outcome) {
  next_.OnOperation(operation, outcome);
  if (IsOfTheConnection(outcome)) return;
  if (IsFailure(outcome)) {
    was_refused_ = IsRefusal(outcome);
    has_worked_ = false;
    failed_ = operation;
    failed_at_ = clock_.SteadyNow();
  } else if (was_refused_) {
    has_worked_ |= HasWritten(operation, outcome);
  } else {
    // The answers of the others are always short, and say little of a Redis that is slow; an
    // acquire may bring a whole reading.
    has_worked_ |= operation == FleetOperation::kAcquire || operation == failed_;
  }
}

}  // namespace balance
