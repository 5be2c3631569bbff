#include "tests/soak/chaos.h"

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;

constexpr std::array kSides = {Side::kPolymarket, Side::kPolysimulator};

constexpr std::array kCommon = {"200_empty",   "200_html",     "200_malformed", "truncated",
                                "cut_chunked", "slow_headers", "slow_body",     "stall_body",
                                "hang",        "reset",        "reset_reused",  "close",
                                "garbage",     "302_redirect"};
constexpr std::array kPolymarketOnly = {
    "pm_408",       "pm_409_json",  "pm_429_json", "pm_429_retry_after", "pm_429_retry_date",
    "pm_1015_html", "pm_500_empty", "pm_502_text", "pm_503_html",        "pm_504_json"};
constexpr std::array kPolysimulatorOnly = {"ps_404_edge", "ps_409", "ps_425", "ps_429",
                                           "ps_429_detail"};

}  // namespace

void Chaos::Step() {
  for (std::size_t i = 0; i < kSides.size(); ++i) {
    if (unplugged_[i] > 0) {
      // An outgoing connection of somebody may have the port just now.
      if (unplugged_[i] > 1 || upstreams_.Plug(kSides[i])) --unplugged_[i];
      continue;
    }
    Trouble(kSides[i]);
    if (random_() % 300 == 0) {
      upstreams_.Unplug(kSides[i]);
      unplugged_[i] = 1 + static_cast<int>(random_() % 50);
    }
  }
}

void Chaos::Trouble(Side side) {
  switch (random_() % 24) {
    case 0:
      upstreams_.SetLatency(side, milliseconds(random_() % 60));
      return;
    case 1: {
      const auto pick = [this](const auto& names) { return names[random_() % names.size()]; };
      const char* own =
          side == Side::kPolymarket ? pick(kPolymarketOnly) : pick(kPolysimulatorOnly);
      const char* name = random_() % 3 == 0 ? own : pick(kCommon);
      if (!upstreams_.PushNamed(side, name, 1 + static_cast<int>(random_() % 3))) {
        throw std::runtime_error(std::string("no fault named ") + name);
      }
      return;
    }
    // Faults that no request came to meet would pile up while the service holds back.
    case 2:
    case 3:
    case 4:
      upstreams_.ClearFaults(side);
      return;
    default:
      return;
  }
}

void Chaos::Calm() {
  for (std::size_t i = 0; i < kSides.size(); ++i) {
    if (unplugged_[i] > 0 && upstreams_.Plug(kSides[i])) unplugged_[i] = 0;
    upstreams_.ClearFaults(kSides[i]);
    upstreams_.SetLatency(kSides[i], {});
  }
}

}  // namespace balance
