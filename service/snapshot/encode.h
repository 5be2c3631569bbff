#pragma once

// Encodes this service's own values as messages of balance.v1. Pure; callable from any thread.

#include <string>
#include <string_view>
#include <vector>

#include "clients/core/error.h"
#include "clients/core/shared_bytes.h"
#include "proto/balance_v1.h"
#include "service/feed/source_status.h"

namespace balance {

// ErrorInfo.domain of every error of this service.
inline constexpr std::string_view kErrorDomain = "balance.v1";

// Identity of a snapshot's content; see Revision in balance_service.proto.
struct SnapshotRevision {
  std::string epoch;
  std::int64_t number = 0;

  bool operator==(const SnapshotRevision&) const = default;
};

enum class EncodeView : std::uint8_t { kBasic, kFull };

std::string AccountName(std::string_view account);
std::string SourceName(const SourceInfo& info);

google::protobuf::Timestamp ToTimestamp(WallTime time);
google::protobuf::Duration ToDuration(Duration duration);

v1::FundClass ToProto(FundClass fund_class);
v1::SourceKind ToProto(SourceKind kind);
v1::Measure ToProto(Measure measure);

// The status of `error`, with an ErrorInfo (`metadata` included) and, where a retry can help and
// its time is known, a RetryInfo.
google::rpc::Status ToRpcStatus(
    const Error& error, std::initializer_list<std::pair<std::string_view, std::string>> metadata);

void EncodeSource(const SourceView& view, EncodeView detail, v1::SourceBalance& out);

// Encodes what a heartbeat says about a source, all but the source's name. REQUIRES: the view shows
// a reading.
void EncodeProgress(const SourceView& view, v1::WatchAccountSnapshotsResponse::SourceProgress& out);

// The source as ListSources tells of it.
void EncodeSourceStatus(const SourceStatus& status, Now now, v1::Source& source);

// Encodes an account's snapshot, all but its `serve_time`.
void EncodeSnapshot(std::string_view account, const std::vector<SourceView>& views,
                    const SnapshotRevision& revision, EncodeView detail, v1::AccountSnapshot& out);

// The bytes of the message that EncodeSnapshot() makes.
SharedBytes EncodedSnapshot(std::string_view account, const std::vector<SourceView>& views,
                            const SnapshotRevision& revision, EncodeView detail);

// The bytes of the SourceBalance that EncodeSource() makes.
SharedBytes EncodedSource(const SourceView& view, EncodeView detail);

}  // namespace balance
