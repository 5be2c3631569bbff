#pragma once

// Holds a stream of WatchAccountSnapshots to its promises. Shares no code with the service.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/balance_v1.h"

namespace balance {

// Of one stream without filters, from its first message on. Used on one thread.
class StreamJudge {
 public:
  // Sees the next message. Returns a line for each promise that it breaks: neither a revision nor
  // an observe time goes back, and each change is told or counted as skipped. An account that a
  // reload has removed may come again, with revisions that begin anew.
  std::vector<std::string> Judge(const v1::WatchAccountSnapshotsResponse& message);

  // Number of changes that were counted as skipped.
  std::int64_t skipped() const { return skipped_; }

 private:
  void Judge(const v1::AccountSnapshot& snapshot, std::int64_t skipped);
  void JudgeTime(const std::string& source, const google::protobuf::Timestamp& time);

  // Revision of each account that was told last.
  std::map<std::string, v1::Revision> revisions_;
  // Observe time of each source that was told last.
  std::map<std::string, google::protobuf::Timestamp> times_;
  std::int64_t skipped_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace balance
