#pragma once

// /statusz: what an operator wants to see of a service that runs. Pure.

#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "service/feed/source_status.h"
#include "service/transport/transport_stats.h"

namespace balance {

// JSON of balance.admin.v1.Status, with the sources as they stand `now`.
std::string RenderStatusPage(const std::vector<SourceStatus>& sources, Now now,
                             const std::vector<ConnectionInfo>& connections);

}  // namespace balance
