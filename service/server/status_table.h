#pragma once

// The tables of the status page. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "service/server/status_overview.h"
#include "service/transport/transport_stats.h"

namespace balance {

std::string KindTable(const std::vector<StatusOverview::Kind>& kinds);

std::string SourceTable(const std::vector<const StatusRow*>& rows, Now now,
                        const std::string& caption);

// At most `most` of the connections: those with answers that nobody takes, then those with calls.
std::string ConnectionTable(std::vector<ConnectionInfo> connections, std::size_t most);

}  // namespace balance
