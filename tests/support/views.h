#pragma once

// Hand-made source views for tests of what an account's sources add up to.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/feed/source_status.h"

namespace balance {

// A FRESH view without balances; the pool is its own.
SourceView MakeView(const std::string& source, SourceKind kind);

// With a row of `currency`; an empty amount is unset.
SourceView WithRow(SourceView view, const std::string& currency, const std::string& cash,
                   const std::string& available = "", const std::string& equity = "");

SourceView WithState(SourceView view, SourceState state);
SourceView WithPool(SourceView view, const std::string& pool);
SourceView ObservedAt(SourceView view, Duration since_origin);

}  // namespace balance
