#pragma once

// Answers made of snapshots that are bytes already. Pure.

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/shared_bytes.h"
#include "service/transport/response.h"
#include "service/transport/stream_message.h"

namespace balance {

// An AccountSnapshot and the one field of it that differs between calls.
struct ServedSnapshot {
  // The encoded AccountSnapshot without `serve_time`.
  SharedBytes bytes;
  WallTime serve_time;
};

// Number of bytes that `serve_time` takes in an AccountSnapshot, at the most.
inline constexpr std::size_t kServeTimeBytes = 2 + 22;

// The AccountSnapshot, of bytes without `serve_time`, which are shared and not copied.
Response ResponseOf(SharedBytes snapshot, WallTime serve_time);

// The WatchAccountSnapshotsResponse with that snapshot, which is shared and not copied.
StreamMessage SnapshotEvent(const ServedSnapshot& snapshot, std::int64_t skipped);

// Makes a response of BatchGetAccountSnapshots or ListAccountSnapshots, unless it would be too
// long.
class SnapshotsResponse {
 public:
  // The response has at most so many bytes, and about so many snapshots.
  SnapshotsResponse(std::size_t most_bytes, std::size_t snapshots) : most_bytes_(most_bytes) {
    snapshots_.reserve(snapshots);
  }

  // Adds a snapshot. Returns false if the response is too long by now; it cannot be made then.
  bool Add(ServedSnapshot snapshot);

  // The snapshots, and `rest` for the other fields; nullopt if that is too long.
  std::optional<Response> Make(const google::protobuf::MessageLite& rest) const;

 private:
  const std::size_t most_bytes_;
  std::size_t size_ = 0;
  std::vector<ServedSnapshot> snapshots_;
};

}  // namespace balance
