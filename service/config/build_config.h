#pragma once

// From the configuration message to the Config: what the schema cannot say is checked here, secrets
// are loaded, defaults and overrides applied.

#include "service/config/config_document.h"
#include "service/config/load_config.h"

namespace balance {

// Usable only if the document has no issues afterwards.
Config BuildConfig(ConfigDocument& document, const EnvLookup& env);

}  // namespace balance
