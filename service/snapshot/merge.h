#pragma once

// Adds up an account's sources. Pure functions of the views; callable from any thread.

#include <optional>
#include <string>
#include <vector>

#include "clients/core/decimal.h"
#include "service/feed/source_status.h"

namespace balance {

// The sum of one measure in one currency over the sources of one fund class. Sources are indices
// into the views.
struct MeasureTotal {
  FundClass fund_class = FundClass::kRealMoney;
  std::string currency_code;
  Measure measure = Measure::kCash;
  // Set only if every source of the class that can report the measure contributed.
  std::optional<Decimal> total;
  // Set only if `total` is not and at least one source contributed.
  std::optional<Decimal> known_subtotal;
  std::vector<std::size_t> counted_sources;
  std::vector<std::size_t> missing_sources;
  // The oldest among the counted ones.
  std::optional<WallTime> oldest_observe_time;
};

// One entry for each fund class, currency and measure that at least one source of the class can
// report: USD always, other currencies once seen. Real money first, then by currency and measure.
// A source without a row in a currency contributes zero. A row whose amount is unset makes its
// source a missing one; a row without a currency, or with one that is not recognized, does so in
// every currency. Of sources with one pool only the newest reading contributes, and a pool that
// contributed has no missing source.
std::vector<MeasureTotal> MergeTotals(const std::vector<SourceView>& views);

struct Completeness {
  int configured = 0;
  int fresh = 0;
  int stale = 0;
  int missing = 0;

  bool IsComplete() const { return stale == 0 && missing == 0; }
};

Completeness CountStates(const std::vector<SourceView>& views);

// Unset if any requested source has no data, or none was requested.
std::optional<WallTime> OldestObserveTime(const std::vector<SourceView>& views);

// True if two views of one account say the same: values, states, failure reasons and warnings.
// Times are not content.
bool HaveSameContent(const std::vector<SourceView>& a, const std::vector<SourceView>& b);

}  // namespace balance
