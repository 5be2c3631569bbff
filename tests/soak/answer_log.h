#pragma once

// What the service answered with, to be held against what the upstreams really had.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"
#include "tests/sandbox/sandbox.h"

namespace balance {

// The cash of a wallet, by currency and as it is written. Empty: nothing is held.
using CashByCurrency = std::map<std::string, std::string>;

struct SeenFigures {
  sandbox::Side side;
  std::string wallet;
  CashByCurrency cash;
  // Between these the upstream read its books.
  WallTime observe_time;
  WallTime receive_time;
};

// Thread-safe.
class AnswerLog {
 public:
  void Add(SeenFigures figures);
  // Adds sentences about what was wrong with an answer in itself; the next Check() returns them.
  void AddWrong(std::vector<std::string> lines);

  // Compares what was seen since the last time with the sandbox's history: the figures must be ones
  // that were held at one time between observe and receive time, digit for digit. Returns a line
  // for each answer that was wrong.
  //
  // An unasked answer that reached the service only after the request was sent cannot be told from
  // the one that was asked for. It is counted as such, and not wrong.
  std::vector<std::string> Check(sandbox::Sandbox& upstreams);

  std::size_t checked() const { return checked_; }
  // How many readings were such.
  std::size_t indistinguishable() const { return indistinguishable_.size(); }

 private:
  struct Held {
    WallTime since;
    CashByCurrency cash;
  };
  using Wallet = std::pair<sandbox::Side, std::string>;

  // Adds to held_ what is new in the wallet's history.
  void Learn(const Wallet& wallet, sandbox::Sandbox& upstreams);

  Mutex mutex_;
  std::vector<SeenFigures> figures_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::string> wrong_ BALANCE_GUARDED_BY(mutex_);
  // Used by Check() alone, as the rest is.
  std::map<Wallet, std::vector<Held>> held_;
  std::size_t checked_ = 0;
  std::set<std::pair<Wallet, WallTime>> indistinguishable_;
};

}  // namespace balance
