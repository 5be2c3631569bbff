#pragma once

// From the fields that all read requests share to what the feeds understand, and from their answer
// back to "is this good enough". Pure.

#include <string_view>
#include <vector>

#include "proto/balance_v1.h"
#include "service/feed/account_feed.h"
#include "service/rpc/rpc_error.h"
#include "service/rpc/source_names.h"
#include "service/snapshot/encode.h"

namespace balance {

// A read policy whose values are in range.
struct CheckedPolicy {
  ReadBounds bounds;
  v1::ReadPolicy::Require require = v1::ReadPolicy::ANY;
  // Names of the sources that must have data; empty unless `require` is NAMED.
  SourceNames required_sources;
};

// Fails with INVALID_ARGUMENT (INVALID_READ_POLICY), also where `require` and `required_sources` do
// not fit together.
RpcResult<CheckedPolicy> CheckPolicy(const v1::ReadPolicy& policy, WallTime now);

// Fails with INVALID_ARGUMENT and this reason if the duration in `field` is negative or malformed.
// One that nanoseconds cannot hold is as good as the longest one that they can.
RpcResult<Duration> CheckDuration(const google::protobuf::Duration& in, std::string_view reason,
                                  std::string field);

// Fails with INVALID_ARGUMENT (INVALID_VIEW). An unset view is `otherwise`.
RpcResult<EncodeView> CheckView(v1::BalanceView view, EncodeView otherwise);

// Fails with INVALID_ARGUMENT (INVALID_FUND_CLASS).
RpcResult<v1::FundClass> CheckFundClass(v1::FundClass fund_class);

// Index of the account's source of that id; -1 if it has none.
int FindSource(const std::vector<SourceStatus>& sources, std::string_view id);

// Which of an account's sources the filters ask for; notes in `found` which of the names the
// account has. Names that it does not have select nothing.
std::vector<bool> SelectSources(const std::vector<SourceStatus>& sources, const SourceNames& names,
                                v1::FundClass fund_class, SourceNames::Found& found);

// Which of an account's sources must have data. Fails with INVALID_ARGUMENT (INVALID_READ_POLICY)
// on an unknown or excluded source.
RpcResult<std::vector<bool>> SelectRequired(const std::vector<SourceStatus>& sources,
                                            const std::vector<bool>& wanted,
                                            const CheckedPolicy& policy);

// Fails if the answer does not meet `require`: NOT_CACHED, NO_SOURCE_AVAILABLE or
// REQUIRED_SOURCES_MISSING.
RpcResult<void> CheckRequired(std::string_view account, const AccountAnswer& answer,
                              const CheckedPolicy& policy, const std::vector<bool>& required);

// Fails if one source's view is no acceptable data for a caller who needs it.
RpcResult<void> CheckStrict(const SourceView& view, Waited waited, const ReadBounds& bounds);

}  // namespace balance
