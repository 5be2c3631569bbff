#pragma once

// The effective configuration for people: what --print-config shows.

#include <string>

#include "service/config/config.h"

namespace balance {

// YAML of the same schema with every setting of every source filled in, ending in a newline.
// Secrets, key ids included, are masked as {value: "***"}; with those replaced, it loads to an
// equal Config.
std::string PrintConfig(const Config& config);

}  // namespace balance
