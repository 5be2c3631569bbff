#include "tests/soak/ceiling_judge.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace balance {
namespace {

using std::chrono::seconds;

// Lengths of the windows in which requests are counted.
constexpr seconds kWindows[] = {seconds(1), seconds(10)};

}  // namespace

CeilingJudge::CeilingJudge(int requests_per_second, int burst, int replicas)
    : requests_per_second_(requests_per_second), burst_(burst), replicas_(replicas) {}

std::vector<std::string> CeilingJudge::Judge(const std::vector<CutOff>& cut_offs) const {
  std::vector<std::string> wrong;
  for (const seconds length : kWindows) {
    const int ceiling = requests_per_second_ * static_cast<int>(length.count()) + burst_ - 1;
    for (const Window& window : WindowsOf(length)) {
      const int allowed = ceiling + CutOffIn(window, cut_offs);
      if (window.requests <= allowed) continue;
      wrong.push_back(std::to_string(window.requests) + " requests in " +
                      std::to_string(length.count()) + " s where " + std::to_string(allowed) +
                      " are allowed, at " +
                      std::to_string(window.until.time_since_epoch() / seconds(1)));
    }
  }
  return wrong;
}

int CeilingJudge::MostInACalmSecond(const std::vector<CutOff>& cut_offs) const {
  int most = 0;
  for (const Window& window : WindowsOf(seconds(1))) {
    if (CutOffIn(window, cut_offs) == 0) most = std::max(most, window.requests);
  }
  return most;
}

std::vector<CeilingJudge::Window> CeilingJudge::WindowsOf(Duration length) const {
  std::vector<Window> windows;
  std::size_t first = 0;
  for (std::size_t last = 0; last < requests_.size(); ++last) {
    const WallTime until = requests_[last];
    while (requests_[first] <= until - length) ++first;
    windows.push_back({until - length, until, static_cast<int>(last - first + 1)});
  }
  return windows;
}

int CeilingJudge::CutOffIn(const Window& window, const std::vector<CutOff>& cut_offs) const {
  int replicas = 0;
  for (const CutOff& cut_off : cut_offs) {
    if (cut_off.from <= window.until && cut_off.until >= window.from) replicas += cut_off.replicas;
  }
  return std::min(replicas, replicas_);
}

}  // namespace balance
