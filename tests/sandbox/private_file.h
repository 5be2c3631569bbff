#pragma once

#include <sys/types.h>

#include <string>

#include "clients/core/result.h"

namespace balance::sandbox {

// Writes the file whole or not at all: whoever sees it under `path` sees all of `text`. A file that
// is there is replaced. Fails with kInvalidInput and a sentence.
Result<void> WritePrivateFile(const std::string& path, const std::string& text, mode_t mode);

}  // namespace balance::sandbox
