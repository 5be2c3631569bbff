#pragma once

// Logins as files, one secret each, as a Kubernetes Secret is mounted: polymarket-us-key-id,
// polymarket-us-secret and polysimulator-key.

#include <string>

#include "clients/core/result.h"
#include "tests/sandbox/sandbox_options.h"

namespace balance::sandbox {

// Puts the logins of `folder` into `options`. Those that it lacks are those that `options` had, or
// new ones, and are written there for the group of this process to read. So a second call, of
// another process maybe, finds the same ones. Fails with kInvalidInput and a sentence.
Result<void> UseLoginFolder(const std::string& folder, SandboxOptions& options);

}  // namespace balance::sandbox
