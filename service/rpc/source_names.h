#pragma once

// The names of sources in one field of a request: parsed once, then compared with the sources of
// any number of accounts. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proto/balance_v1.h"
#include "service/feed/source_status.h"
#include "service/rpc/rpc_error.h"

namespace balance {

using Names = google::protobuf::RepeatedPtrField<std::string>;

// Immutable once parsed, hence thread-safe.
class SourceNames {
 public:
  // Most names that one field may hold.
  static constexpr int kMaxNames = 100;

  // No names.
  SourceNames() = default;

  // Reads the request's field `field`, a literal such as "policy.required_sources". An id names a
  // source of every account that has one of that id, a full name a source of one account. Fails
  // with INVALID_ARGUMENT (INVALID_READ_POLICY) on more than kMaxNames names, on a name that stands
  // twice, and on what no source can be called.
  static RpcResult<SourceNames> Parse(const Names& names, std::string_view field);

  bool empty() const { return names_.empty(); }
  std::size_t size() const { return names_.size(); }

  // Which of the names have been found, in no order that means anything to others.
  using Found = std::vector<bool>;
  Found NoneFound() const { return Found(names_.size(), false); }

  // Whether the source is named; notes in `found` by which names.
  bool Match(const SourceInfo& source, Found& found) const;
  // The same for those who do not ask whether there is a source for every name.
  bool Match(const SourceInfo& source) const;

  // Whether an id was not found. Any account may have a source of that id.
  bool MissesId(const Found& found) const;
  // The accounts of the full names that were not found.
  std::vector<std::string_view> AccountsOfMissing(const Found& found) const;

  // Fails with INVALID_ARGUMENT (INVALID_READ_POLICY) about the first name, in the request's order,
  // that was not found. REQUIRES: `found` began as NoneFound().
  RpcResult<void> CheckAllFound(const Found& found) const;

 private:
  struct Name {
    // Account whose source is named; empty: any account's.
    std::string account;
    std::string source;
    // Position in the request.
    std::size_t position;
  };

  // Index of the name in `names_`; its size() if the request does not hold it.
  std::size_t Find(std::string_view account, std::string_view source) const;

  // The request's field, which points to a literal.
  std::string_view field_;
  // The names, ordered by account and source.
  std::vector<Name> names_;
};

}  // namespace balance
