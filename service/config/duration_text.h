#pragma once

// Durations as a configuration writes them: protobuf JSON, seconds with the unit, such as 2s or
// 0.5s. Pure.

#include <string>
#include <string_view>

#include "clients/core/clock.h"

namespace balance {

// Whether `text` is `-?digits[.digits]s` with at most 11 digits before and 9 behind the point.
bool IsDurationText(std::string_view text);

// How to repair a text that is none.
std::string DurationRemedy(std::string_view text);

// The shortest such text: 2s, 0.5s, -0.000000001s.
std::string PrintDuration(Duration duration);

}  // namespace balance
