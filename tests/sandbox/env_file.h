#pragma once

#include <string>
#include <utility>
#include <vector>

#include "clients/core/result.h"

namespace balance::sandbox {

// Writes NAME=VALUE lines for a shell to read, mode 0600, at once: whoever sees the file sees all
// of it. Replaces an old file. Fails with kInvalidInput.
Result<void> WriteEnvFile(const std::string& path,
                          const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace balance::sandbox
