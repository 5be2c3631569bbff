#pragma once

// The account of most modes: it reads each venue with the first key of the sandbox.

#include <string>

#include "tests/sandbox/sandbox.h"

namespace balance {

// Writes the secrets of those keys into `folder`.
void WriteDeskSecrets(const sandbox::Sandbox& upstreams, const std::string& folder);

// An entry of `accounts` in the service's configuration. Its secrets are those in `folder`.
std::string DeskYaml(const std::string& id, const sandbox::Sandbox& upstreams,
                     const std::string& folder);

}  // namespace balance
