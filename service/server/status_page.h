#pragma once

// /statusz: what an operator wants to see of a service that runs. Pure.

#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "service/feed/source_status.h"
#include "service/observe/fleet_monitor.h"
#include "service/transport/transport_stats.h"

namespace balance {

// What there is to see of the fleet that the process is part of.
struct FleetPage {
  // Opaque name of this replica.
  std::string replica;
  FleetLinkState link;
};

// JSON of balance.admin.v1.Status, with the sources as they stand `now`.
std::string RenderStatusPage(const std::vector<SourceStatus>& sources, Now now,
                             const std::vector<ConnectionInfo>& connections,
                             const std::optional<FleetPage>& fleet = std::nullopt);

}  // namespace balance
