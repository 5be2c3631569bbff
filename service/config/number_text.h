#pragma once

// Numbers as a configuration writes them. Pure.

#include <string>

namespace balance {

// The shortest text that reads back as `number`: 2, 0.1, 1e-07.
std::string PrintNumber(double number);

}  // namespace balance
