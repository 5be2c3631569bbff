#pragma once

// From the configuration message to the Config: what the schema cannot say is checked here, secrets
// are loaded, defaults and overrides applied.

#include "service/config/config_document.h"
#include "service/config/load_config.h"

namespace balance {

// Usable only if the document has no issues afterwards. `in_force` is null unless a running server
// shall take it over.
Config BuildConfig(ConfigDocument& document, const EnvLookup& env,
                   const InForce* in_force = nullptr);

}  // namespace balance
