#pragma once

// What a caller of WatchAccountSnapshots asks for, checked. Pure.

#include <set>
#include <string>
#include <string_view>

#include "proto/balance_v1.h"
#include "service/feed/watch_pace.h"
#include "service/rpc/rpc_error.h"
#include "service/rpc/source_names.h"
#include "service/snapshot/encode.h"

namespace balance {

// INVALID_ARGUMENT (INVALID_BATCH): an account is named more than once.
RpcFailure NamedTwice(std::string_view name);

struct WatchRequest {
  static constexpr int kMostNames = 1000;
  static constexpr Duration kHeartbeatInterval = std::chrono::seconds(5);
  static constexpr Duration kLeastHeartbeatInterval = std::chrono::milliseconds(500);
  static constexpr Duration kMostInterval = std::chrono::seconds(60);

  // Fails with INVALID_ARGUMENT: INVALID_BATCH about the list of names, INVALID_VIEW,
  // INVALID_FUND_CLASS, INVALID_READ_POLICY about `sources`, INVALID_WATCH about the rest.
  // Intervals that are out of bounds are clamped. Whether there is such an account is not looked
  // at.
  static RpcResult<WatchRequest> Check(const v1::WatchAccountSnapshotsRequest& request);

  SourceNames sources;
  v1::FundClass fund_class = v1::FUND_CLASS_UNSPECIFIED;
  EncodeView detail = EncodeView::kBasic;
  WatchedAge max_age;
  Duration heartbeat_interval = kHeartbeatInterval;
  Duration min_interval{0};
};

}  // namespace balance
