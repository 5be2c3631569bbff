#include "service/server/status_plot.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "service/server/html_text.h"
#include "service/server/status_text.h"

namespace balance {
namespace {

// Of the picture, which is scaled to the page, in its own units.
constexpr double kWidth = 640;
constexpr double kHeight = 190;
constexpr double kLeft = 52;
constexpr double kRight = 10;
constexpr double kTop = 10;
constexpr double kBottom = 24;
constexpr int kRows = 5;
constexpr double kStepWidth =
    (kWidth - kLeft - kRight) / static_cast<double>(RefreshHistory::kSteps - 1);

double XOf(std::size_t step) { return kLeft + static_cast<double>(step) * kStepWidth; }
double YOf(double seconds, double most) {
  return kHeight - kBottom - (kHeight - kTop - kBottom) * std::min(seconds / most, 1.0);
}

std::string SecondsText(double seconds) {
  return ShortDuration(std::chrono::round<Duration>(std::chrono::duration<double>(seconds)));
}

// The grid, with what its lines stand for.
std::string PlotAxes(double most) {
  std::string out;
  for (int i = 0; i <= kRows; ++i) {
    const double seconds = most * i / kRows;
    const double y = YOf(seconds, most);
    out += fmt::format("<path class=grid d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft, y, kWidth - kRight);
    out += fmt::format("<text class=end x={:.1f} y={:.1f}>{}</text>", kLeft - 6, y + 4,
                       SecondsText(seconds));
  }
  constexpr auto kAll = RefreshHistory::kStep * RefreshHistory::kSteps;
  constexpr int kColumns = 5;
  for (int i = 0; i <= kColumns; ++i) {
    const double x = kLeft + (kWidth - kLeft - kRight) * i / kColumns;
    const auto ago =
        std::chrono::duration_cast<std::chrono::minutes>(kAll * (kColumns - i) / kColumns);
    out += fmt::format("<text class={} x={:.1f} y={:.1f}>{}</text>",
                       i == kColumns ? "end"
                       : i == 0      ? "start"
                                     : "middle",
                       x, kHeight - 6, i == kColumns ? "now" : fmt::format("-{} min", ago.count()));
  }
  return out;
}

// The line with gaps where there is nothing. A point between two gaps is a dot.
std::string PlotPath(const PlotLine& line, double most) {
  std::string path;
  bool is_down = false;
  for (std::size_t i = 0; i < line.seconds.size(); ++i) {
    const bool is_there = line.seconds[i] >= 0;
    if (is_there) {
      path +=
          fmt::format("{}{:.1f} {:.1f}", is_down ? "L" : "M", XOf(i), YOf(line.seconds[i], most));
      if (!is_down) path += "h0.1";
    }
    is_down = is_there;
  }
  if (path.empty()) return path;
  return fmt::format(R"(<path class="line c{}{}" d="{}"/>)", line.colour,
                     line.is_dashed ? " dashed" : "", path);
}

std::string PlotLegend(const std::vector<PlotLine>& lines) {
  std::string out = "<ul class=legend>";
  for (const PlotLine& line : lines) {
    const auto last = std::find_if(line.seconds.rbegin(), line.seconds.rend(),
                                   [](double seconds) { return seconds >= 0; });
    out += fmt::format(
        "<li><svg class=key viewBox=\"0 0 24 8\" aria-hidden=true>"
        "<path class=\"line c{}{}\" d=\"M0 4H24\"/></svg>{}: {}</li>",
        line.colour, line.is_dashed ? " dashed" : "", EscapeHtml(line.name),
        last == line.seconds.rend() ? std::string("none") : SecondsText(*last));
  }
  return out + "</ul>";
}

}  // namespace

double RoundUpToTick(double most) {
  double power = 0.01;
  for (; power < 1e9; power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (most <= power * factor) return power * factor;
    }
  }
  return power;
}

std::string RenderPlot(const std::string& title, const std::vector<PlotLine>& lines) {
  double most = 0;
  for (const PlotLine& line : lines) {
    for (const double seconds : line.seconds) most = std::max(most, seconds);
  }
  most = RoundUpToTick(most);
  std::string out = fmt::format(
      "<figure><figcaption>{0}</figcaption><svg class=plot viewBox=\"0 0 {1} {2}\" role=img"
      " aria-label=\"{0}\">",
      EscapeHtml(title), kWidth, kHeight);
  out += PlotAxes(most);
  for (const PlotLine& line : lines) out += PlotPath(line, most);
  return out + "</svg>" + PlotLegend(lines) + "</figure>\n";
}

}  // namespace balance
