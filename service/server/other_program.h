#pragma once

// The other program of this service, which has the second engine.

#include <string>
#include <vector>

namespace balance {

// Becomes that program, which lies beside this one, with the same arguments. Returns only if that
// is impossible, with the reason. REQUIRES: no other thread runs.
std::string BecomeOtherProgram(const std::vector<std::string>& arguments);

}  // namespace balance
