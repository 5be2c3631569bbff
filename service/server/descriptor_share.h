#pragma once

#include <cstddef>
#include <cstdint>

#include "clients/core/connection_limits.h"

namespace balance {

// Connections to upstreams that fit into `descriptors`, the process's limit of open files: at most
// a quarter, so that callers, files and name look-ups have the rest.
ConnectionLimits UpstreamShareOf(std::uint64_t descriptors);

// The same for the venues' push sockets, which are none of those connections: at most an eighth.
ConnectionLimits PushShareOf(std::uint64_t descriptors);

// Connections of callers that fit into `descriptors` beside those to upstreams, those of the admin
// server, and the files and name look-ups of the process.
std::size_t CallersShareOf(std::uint64_t descriptors);

// The same for the limit in force, which main has raised.
ConnectionLimits UpstreamShare();
ConnectionLimits PushShare();
std::size_t CallersShare();

}  // namespace balance
