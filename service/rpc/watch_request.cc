#include "service/rpc/watch_request.h"

#include <algorithm>
#include <utility>

#include "service/rpc/read_request.h"

namespace balance {
namespace {

// The names are compared as they were sent; that two are of one account shows later.
RpcResult<void> CheckNames(const Names& names) {
  if (names.size() > WatchRequest::kMostNames) {
    return InvalidField(reason::kInvalidBatch, "names",
                        "holds " + std::to_string(names.size()) + " names, at most " +
                            std::to_string(WatchRequest::kMostNames) +
                            " are allowed; leave it empty for all accounts, or open several "
                            "streams");
  }
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) continue;
    return NamedTwice(name);
  }
  return {};
}

}  // namespace

RpcFailure NamedTwice(std::string_view name) {
  return InvalidField(reason::kInvalidBatch, "names",
                      "holds \"" + ShortText(name) + "\" more than once; send each name once");
}

RpcResult<WatchRequest> WatchRequest::Check(const v1::WatchAccountSnapshotsRequest& request) {
  WatchRequest checked;
  if (auto names = CheckNames(request.names()); !names) return RpcFailure(names.error());
  auto sources = SourceNames::Parse(request.sources(), "sources");
  if (!sources) return RpcFailure(std::move(sources.error()));
  checked.sources = *std::move(sources);
  const auto fund_class = CheckFundClass(request.fund_class());
  if (!fund_class) return RpcFailure(fund_class.error());
  checked.fund_class = *fund_class;
  const auto detail = CheckView(request.view(), EncodeView::kBasic);
  if (!detail) return RpcFailure(detail.error());
  checked.detail = *detail;
  if (request.has_max_age()) {
    const auto max_age = CheckDuration(request.max_age(), reason::kInvalidWatch, "max_age");
    if (!max_age) return RpcFailure(max_age.error());
    checked.max_age = *max_age;
  }
  if (request.has_heartbeat_interval()) {
    const auto interval =
        CheckDuration(request.heartbeat_interval(), reason::kInvalidWatch, "heartbeat_interval");
    if (!interval) return RpcFailure(interval.error());
    checked.heartbeat_interval = std::clamp(*interval, kLeastHeartbeatInterval, kMostInterval);
  }
  if (request.has_min_interval()) {
    const auto interval =
        CheckDuration(request.min_interval(), reason::kInvalidWatch, "min_interval");
    if (!interval) return RpcFailure(interval.error());
    checked.min_interval = std::min(*interval, kMostInterval);
  }
  return checked;
}

}  // namespace balance
