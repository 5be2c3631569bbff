#pragma once

// Which of the two upstreams something is about.

#include <cstdint>
#include <ostream>
#include <string_view>

namespace balance::sandbox {

enum class Side : std::uint8_t { kPolymarket, kPolysimulator };

inline constexpr Side kSides[] = {Side::kPolymarket, Side::kPolysimulator};

// "polymarket" or "polysimulator", as the control endpoint spells it.
constexpr std::string_view SideName(Side side) {
  return side == Side::kPolymarket ? "polymarket" : "polysimulator";
}

// For GoogleTest.
inline void PrintTo(Side side, std::ostream* out) { *out << SideName(side); }

}  // namespace balance::sandbox
