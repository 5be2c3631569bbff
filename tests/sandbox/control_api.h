#pragma once

// The sandbox's remote control: JSON over HTTP, described in README.md.

#include <memory>

#include "tests/sandbox/http_connection.h"

namespace balance::sandbox {

class SandboxCore;

// `core` must outlive it, and be started before the first request. Used on the sandbox's loop only.
std::unique_ptr<HttpHandler> MakeControlApi(SandboxCore& core);

}  // namespace balance::sandbox
