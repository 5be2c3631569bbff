#pragma once

// The tables about one fund class of one snapshot. No figure of another class enters them.

#include <vector>

#include "clients/balancectl/text_table.h"
#include "clients/balancectl/time_text.h"
#include "proto/balance_v1.h"

namespace balance::ctl {

// Sources of one fund class, borrowed from a snapshot.
using SourceList = std::vector<const v1::SourceBalance*>;

// A row for each source and currency: state, age, and the figures that are totalled.
TextTable MainFigures(const SourceList& sources, WallTime now);

// The totals of one fund class. A total that the service left unset is `unknown`, with the sources
// that are missing and what is known beside it; nothing is ever added up here.
TextTable Totals(const v1::AccountSnapshot& snapshot, v1::FundClass fund_class, WallTime now);

// The other figures that at least one source reports, a column for each source and currency.
TextTable OtherFigures(const SourceList& sources);

TextTable PendingWithdrawals(const SourceList& sources);

// Upstream fields without a place of their own, by name.
TextTable OtherFields(const SourceList& sources);

}  // namespace balance::ctl
