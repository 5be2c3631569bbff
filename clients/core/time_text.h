#pragma once

#include <chrono>
#include <string>

#include "clients/core/clock.h"

namespace balance {

// RFC 3339 in UTC with milliseconds, such as "2026-09-18T14:05:22.118Z"; what is finer is cut off.
std::string UtcText(WallTime time);

// The same to the second: "2026-09-18T14:05:22Z".
std::string UtcText(std::chrono::sys_seconds time);

}  // namespace balance
