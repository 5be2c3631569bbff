#pragma once

// The status as a page for people. Pure.

#include <string>

#include "service/server/status_facts.h"
#include "service/server/status_overview.h"
#include "service/server/status_query.h"

namespace balance {

// Number of connections on the page; the JSON has them all.
inline constexpr std::size_t kMostConnectionsShown = 50;

// The whole document. Readable without scripts; with them it renews itself. Needs nothing from
// elsewhere, and shows no balance and no secret. `overview` is that of the sources of `facts`.
std::string RenderStatusHtml(const StatusFacts& facts, const StatusOverview& overview,
                             const StatusQuery& query);

// Value of the Content-Security-Policy header of that document: it admits its style and its script
// by their hashes, requests to where it came from, and nothing else. REQUIRES: sodium_init() has
// succeeded.
const std::string& StatusPagePolicy();

}  // namespace balance
