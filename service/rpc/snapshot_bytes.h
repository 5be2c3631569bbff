#pragma once

// Answers made of snapshots that are bytes already. Pure.

#include <google/protobuf/message_lite.h>

#include <vector>

#include "clients/core/clock.h"
#include "service/rpc/message_bytes.h"
#include "service/snapshot/shared_bytes.h"

namespace balance {

// An AccountSnapshot and the one field of it that differs between calls.
struct ServedSnapshot {
  // Without `serve_time`.
  SharedBytes bytes;
  WallTime serve_time;
};

// The AccountSnapshot, of bytes without `serve_time`, which are shared and not copied.
MessageBytes BytesOf(const SharedBytes& snapshot, WallTime serve_time);

// A response of BatchGetAccountSnapshots or ListAccountSnapshots: the snapshots, and `rest` for its
// other fields.
MessageBytes BytesOf(const std::vector<ServedSnapshot>& snapshots,
                     const google::protobuf::MessageLite& rest);

}  // namespace balance
