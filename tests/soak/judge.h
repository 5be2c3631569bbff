#pragma once

// What must hold of any one answer, whatever the upstreams do. Shares no code with the service.

#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "proto/balance_v1.h"

namespace balance {

// Of the service's configuration, and how late a thread may come to stamp an answer.
struct JudgeTimes {
  Duration ttl;
  Duration max_stale;
  Duration tolerance = std::chrono::milliseconds(50);
};

// A line for everything that is wrong: states that do not fit ages, data without a state or the
// other way round, counts that do not add up, totals that are not the sum of the parts shown. Every
// source must be wanted. Pure.
std::vector<std::string> Judge(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
                               const JudgeTimes& times);

WallTime ToWall(const google::protobuf::Timestamp& time);

}  // namespace balance
