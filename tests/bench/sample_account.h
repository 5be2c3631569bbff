#pragma once

// An account with one source of each venue, both FRESH, as the venues' parsers made them.

#include <string>
#include <vector>

#include "service/feed/source_status.h"

namespace balance::bench {

// REQUIRES: `polymarket_reply` is a reply that the parser takes.
std::vector<SourceView> SampleViews(const std::string& polymarket_reply);

// The same as the shard knows it: read just now, and fresh for hours.
std::vector<SourceStatus> SampleStatuses(const std::string& polymarket_reply);

}  // namespace balance::bench
