#include "tests/soak/answer_log.h"

#include <algorithm>
#include <iterator>
#include <regex>

namespace balance {
namespace {

using sandbox::HistoryEntry;
using sandbox::Side;

// Reads a body of either venue with nothing that the service is made of.
CashByCurrency CashIn(const std::string& body, Side side) {
  static const std::regex kPolymarket(R"re("currentBalance":(-?[0-9.]+),"currency":"(\w+)")re");
  static const std::regex kPolysimulator(R"re("balance":"(-?[0-9.]+)","currency":"(\w+)")re");
  CashByCurrency cash;
  const std::regex& row = side == Side::kPolymarket ? kPolymarket : kPolysimulator;
  for (std::sregex_iterator next(body.begin(), body.end(), row), end; next != end; ++next) {
    cash[(*next)[2].str()] = (*next)[1].str();
  }
  return cash;
}

std::string TextOf(const CashByCurrency& cash) {
  std::string text;
  for (const auto& [currency, amount] : cash) {
    text += (text.empty() ? "" : " and ") + amount + " " + currency;
  }
  return text.empty() ? "nothing" : text;
}

// The time in milliseconds since the epoch.
std::string TextOf(WallTime time) {
  return std::to_string(time.time_since_epoch() / std::chrono::milliseconds(1));
}

template <typename HeldList>
bool WasHeld(const HeldList& held, const SeenFigures& seen) {
  auto next = std::upper_bound(held.begin(), held.end(), seen.observe_time,
                               [](WallTime when, const auto& entry) { return when < entry.since; });
  if (next != held.begin()) --next;
  for (; next != held.end() && next->since <= seen.receive_time; ++next) {
    if (next->cash == seen.cash) return true;
  }
  return false;
}

// Whether the answer lay at the service's only after its request was sent.
bool CouldNotBeTold(const std::vector<sandbox::UnaskedAnswer>& unasked, const SeenFigures& seen) {
  return std::any_of(unasked.begin(), unasked.end(), [&seen](const auto& answer) {
    return seen.observe_time < answer.sent && CashIn(answer.text, seen.side) == seen.cash;
  });
}

std::string Wrong(const SeenFigures& seen) {
  return std::string(SideName(seen.side)) + " wallet " + seen.wallet + " never held " +
         TextOf(seen.cash) + " between " + TextOf(seen.observe_time) + " and " +
         TextOf(seen.receive_time);
}

}  // namespace

void AnswerLog::Add(SeenFigures figures) {
  const MutexLock lock(mutex_);
  figures_.push_back(std::move(figures));
}

void AnswerLog::AddWrong(std::vector<std::string> lines) {
  if (lines.empty()) return;
  const MutexLock lock(mutex_);
  std::move(lines.begin(), lines.end(), std::back_inserter(wrong_));
}

void AnswerLog::Learn(const Wallet& wallet, sandbox::Sandbox& upstreams) {
  std::vector<Held>& held = held_[wallet];
  for (const HistoryEntry& entry : upstreams.History(wallet.first, wallet.second)) {
    if (!held.empty() && entry.since <= held.back().since) continue;
    held.push_back({entry.since, CashIn(entry.body, wallet.first)});
  }
}

std::vector<std::string> AnswerLog::Check(sandbox::Sandbox& upstreams) {
  std::vector<SeenFigures> figures;
  std::vector<std::string> wrong;
  {
    const MutexLock lock(mutex_);
    figures.swap(figures_);
    wrong.swap(wrong_);
  }
  std::set<Wallet> wallets;
  for (const SeenFigures& seen : figures) wallets.insert({seen.side, seen.wallet});
  for (const Wallet& wallet : wallets) Learn(wallet, upstreams);
  for (const SeenFigures& seen : figures) {
    ++checked_;
    if (WasHeld(held_[{seen.side, seen.wallet}], seen)) continue;
    if (CouldNotBeTold(upstreams.Counters(seen.side).last_unasked, seen)) {
      indistinguishable_.insert({{seen.side, seen.wallet}, seen.observe_time});
    } else {
      wrong.push_back(Wrong(seen));
    }
  }
  return wrong;
}

}  // namespace balance
