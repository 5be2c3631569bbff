#pragma once

// Which of the two upstreams something is about.

#include <cstdint>
#include <string_view>

namespace balance::sandbox {

enum class Side : std::uint8_t { kPolymarket, kPolysimulator };

inline constexpr Side kSides[] = {Side::kPolymarket, Side::kPolysimulator};

// "polymarket" or "polysimulator", as the control endpoint spells it.
constexpr std::string_view SideName(Side side) {
  return side == Side::kPolymarket ? "polymarket" : "polysimulator";
}

}  // namespace balance::sandbox
