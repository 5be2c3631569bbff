#pragma once

// Ids of accounts and sources.

#include <string>

#include "service/config/config_document.h"

namespace balance {

// Whether `id` matches [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?; if not, adds an issue at `path`. False
// without another issue if the id could not even be read.
bool CheckResourceId(const std::string& id, const std::string& path, ConfigDocument& document);

}  // namespace balance
