#include "tests/support/stream_judge.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

namespace balance {

std::vector<std::string> StreamJudge::Judge(const v1::WatchAccountSnapshotsResponse& message) {
  switch (message.event_case()) {
    case v1::WatchAccountSnapshotsResponse::kSnapshot:
      Judge(message.snapshot(), message.skipped());
      break;
    case v1::WatchAccountSnapshotsResponse::kRemoved:
      if (revisions_.erase(message.removed()) == 0) {
        wrong_.push_back(message.removed() + " was removed and had never been told of");
      }
      break;
    case v1::WatchAccountSnapshotsResponse::kHeartbeat:
      for (const auto& source : message.heartbeat().sources()) {
        JudgeTime(source.name(), source.observe_time());
      }
      break;
    case v1::WatchAccountSnapshotsResponse::kGoodbye:
      break;
    case v1::WatchAccountSnapshotsResponse::EVENT_NOT_SET:
      wrong_.emplace_back("a message says nothing");
      break;
  }
  return std::exchange(wrong_, {});
}

void StreamJudge::Judge(const v1::AccountSnapshot& snapshot, std::int64_t skipped) {
  skipped_ += skipped;
  const v1::Revision& now = snapshot.revision();
  const auto [entry, is_first] = revisions_.try_emplace(snapshot.name(), now);
  const v1::Revision before = std::exchange(entry->second, now);
  const std::string what = snapshot.name() + ": revision " + std::to_string(now.number()) +
                           " with " + std::to_string(skipped) + " skipped";
  if (is_first) {
    if (skipped != 0) wrong_.push_back(what + " comes first");
  } else if (now.epoch() != before.epoch() || now.number() <= before.number()) {
    wrong_.push_back(what + " comes behind " + std::to_string(before.number()));
  } else if (now.number() != before.number() + skipped + 1) {
    wrong_.push_back(what + " does not follow " + std::to_string(before.number()));
  }
  for (const auto& source : snapshot.sources()) {
    if (source.has_freshness()) JudgeTime(source.name(), source.freshness().observe_time());
  }
}

void StreamJudge::JudgeTime(const std::string& source, const google::protobuf::Timestamp& time) {
  using google::protobuf::util::TimeUtil;
  const auto [entry, is_first] = times_.try_emplace(source, time);
  const auto before = std::exchange(entry->second, time);
  if (!is_first && time < before) {
    wrong_.push_back(source + " goes back from " + TimeUtil::ToString(before) + " to " +
                     TimeUtil::ToString(time));
  }
}

}  // namespace balance
