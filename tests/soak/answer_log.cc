#include "tests/soak/answer_log.h"

#include <algorithm>
#include <iterator>
#include <regex>

namespace balance {
namespace {

using sandbox::HistoryEntry;
using sandbox::Side;

struct Held {
  WallTime since;
  std::string cash;
};

// Read with nothing that the service is made of.
std::vector<Held> ReadHistory(const std::vector<HistoryEntry>& history, Side side) {
  static const std::regex kPolymarket(R"re("currentBalance":(-?[0-9.]+))re");
  static const std::regex kPolysimulator(R"re("balance":"(-?[0-9.]+)")re");
  std::vector<Held> held;
  for (const HistoryEntry& entry : history) {
    std::smatch match;
    const auto& pattern = side == Side::kPolymarket ? kPolymarket : kPolysimulator;
    held.push_back(
        {entry.since, std::regex_search(entry.body, match, pattern) ? match[1].str() : kNothing});
  }
  return held;
}

bool WasHeld(const std::vector<Held>& held, const SeenFigure& seen) {
  auto next =
      std::upper_bound(held.begin(), held.end(), seen.observe_time,
                       [](WallTime when, const Held& candidate) { return when < candidate.since; });
  if (next != held.begin()) --next;
  for (; next != held.end() && next->since <= seen.receive_time; ++next) {
    if (next->cash == seen.cash) return true;
  }
  return false;
}

}  // namespace

void AnswerLog::Add(SeenFigure figure) {
  const std::lock_guard lock(mutex_);
  figures_.push_back(std::move(figure));
}

void AnswerLog::AddWrong(std::vector<std::string> lines) {
  if (lines.empty()) return;
  const std::lock_guard lock(mutex_);
  std::move(lines.begin(), lines.end(), std::back_inserter(wrong_));
}

std::vector<std::string> AnswerLog::Check(sandbox::Sandbox& upstreams) {
  std::vector<SeenFigure> figures;
  std::vector<std::string> wrong;
  {
    const std::lock_guard lock(mutex_);
    figures.swap(figures_);
    wrong.swap(wrong_);
  }
  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    const std::vector<Held> held = ReadHistory(upstreams.History(side), side);
    for (const SeenFigure& seen : figures) {
      if (seen.side != side) continue;
      ++checked_;
      if (!WasHeld(held, seen)) {
        wrong.push_back("the upstream never held " + seen.cash + " between " +
                        std::to_string(seen.observe_time.time_since_epoch().count()) + " and " +
                        std::to_string(seen.receive_time.time_since_epoch().count()));
      }
    }
  }
  return wrong;
}

}  // namespace balance
