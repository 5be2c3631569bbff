#pragma once

// Plots of the last minutes, as SVG. Pure.

#include <string>
#include <vector>

#include "service/observe/refresh_history.h"

namespace balance {

struct PlotLine {
  std::string name;
  // Number of the colour, and whether the line is dashed.
  int colour = 0;
  bool is_dashed = false;
  // Seconds at each step, the oldest first; negative: there is nothing at this step.
  std::vector<double> seconds;
};

// An `<svg>` with the lines over the time of RefreshHistory, from zero to a round number of
// seconds. Colours and dashes are left to the style sheet: it has no style of its own.
std::string RenderPlot(const std::string& title, const std::vector<PlotLine>& lines);

// Least of 1, 2 and 5 times a power of ten, from ten milliseconds on, that `most` is not above.
double RoundUpToTick(double most);

}  // namespace balance
