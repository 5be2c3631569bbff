#pragma once

// From the fields that all read requests share to what the feeds understand, and from their answer
// back to "is this good enough". Pure.

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "proto/balance_v1.h"
#include "service/feed/account_feed.h"
#include "service/snapshot/encode.h"

namespace balance {

// A read policy whose values are in range.
struct CheckedPolicy {
  ReadBounds bounds;
  v1::ReadPolicy::Require require = v1::ReadPolicy::ANY;
};

// Fails with INVALID_ARGUMENT (INVALID_READ_POLICY).
grpc::Status CheckPolicy(const v1::ReadPolicy& policy, WallTime now, CheckedPolicy& out);

// Fails with INVALID_ARGUMENT (INVALID_VIEW). An unset view is `otherwise`.
grpc::Status CheckView(v1::BalanceView view, EncodeView otherwise, EncodeView& out);

// Fails with INVALID_ARGUMENT (INVALID_FUND_CLASS).
grpc::Status CheckFundClass(v1::FundClass fund_class);

using Names = google::protobuf::RepeatedPtrField<std::string>;

// One of an account's sources: an id, or a full name of this account. -1 if it has no such source.
int FindSource(const std::vector<SourceStatus>& sources, std::string_view id_or_name);

// Which of an account's sources the filters ask for. Names that the account does not have select
// nothing.
std::vector<bool> SelectSources(const std::vector<SourceStatus>& sources, const Names& filter,
                                v1::FundClass fund_class);

// Fails with INVALID_ARGUMENT (INVALID_READ_POLICY) on a name in `filter` that none of the
// accounts, each given by its sources, has.
grpc::Status CheckSourceNames(const Names& filter,
                              const std::vector<const std::vector<SourceStatus>*>& accounts);

// For methods to which `require` does not apply: fails with INVALID_ARGUMENT (INVALID_READ_POLICY)
// where it is malformed.
grpc::Status CheckRequireForm(const v1::ReadPolicy& policy);

// Which of an account's sources must have data. Fails with INVALID_ARGUMENT (INVALID_READ_POLICY)
// on an unknown or excluded source, on NAMED without names and on names without NAMED.
grpc::Status SelectRequired(const std::vector<SourceStatus>& sources,
                            const std::vector<bool>& wanted, const v1::ReadPolicy& policy,
                            std::vector<bool>& required);

// OK, or why the answer does not meet `require`: NOT_CACHED, NO_SOURCE_AVAILABLE or
// REQUIRED_SOURCES_MISSING.
grpc::Status CheckRequired(std::string_view account, const AccountAnswer& answer,
                           const CheckedPolicy& policy, const std::vector<bool>& required);

// OK, or why one source's view is no acceptable data for a caller who needs it.
grpc::Status CheckStrict(const SourceView& view, Waited waited, const ReadBounds& bounds);

}  // namespace balance
