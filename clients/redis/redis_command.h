#pragma once

// Commands as Redis reads them (RESP2), by hiredis's formatter.

#include <string>
#include <string_view>
#include <vector>

namespace balance {

// Appends `bytes` and leaves no copy of what was in `out` behind, where a password may be.
void AppendSecret(std::string& out, std::string_view bytes);

// Appends the command to `out`, in the same way. The parts may hold any bytes. Throws
// std::bad_alloc if there is no memory.
void AppendCommand(std::string& out, const std::vector<std::string_view>& parts);

}  // namespace balance
