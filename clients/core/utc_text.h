#pragma once

// A moment as people and logs read it.

#include <chrono>
#include <string>

namespace balance {

// RFC 3339 in UTC: "2026-09-18T14:05:22Z". Empty for a year of more than nine digits.
std::string UtcText(std::chrono::sys_seconds time);

}  // namespace balance
