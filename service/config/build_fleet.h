#pragma once

// The fleet: where Redis is, how to log in there, and the keys that seal what lies in it.

#include <optional>

#include "service/config/config_document.h"
#include "service/config/load_config.h"

namespace balance {

// nullopt if the document has no `fleet`. Usable only if the document has no issues afterwards.
std::optional<FleetConfig> BuildFleet(ConfigDocument& document, const EnvLookup& env);

}  // namespace balance
