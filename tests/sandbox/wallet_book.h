#pragma once

// The wallets of one side, by name, each with its history.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/history.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
template <typename Ledger>
class WalletBook {
 public:
  using Render = std::function<std::string(const Ledger&)>;
  // Called with what a wallet held and what it holds now.
  using Observer =
      std::function<void(const std::string& wallet, const Ledger& before, const Ledger& after)>;

  // `initial` is what a wallet begins with; `render` makes the body of a balance reply. `clock`
  // must outlive the book.
  WalletBook(const Clock& clock, Ledger initial, Render render)
      : clock_(clock), initial_(std::move(initial)), render_(std::move(render)) {
    Open("main");
  }

  // Makes the wallet if there is none of that name.
  void Open(const std::string& name) {
    if (!wallets_.contains(name)) Set(name, initial_);
  }

  void Set(const std::string& name, Ledger ledger) {
    Wallet& wallet = wallets_[name];
    const Ledger before = std::exchange(wallet.ledger, std::move(ledger));
    Record(wallet);
    if (observer_) observer_(name, before, wallet.ledger);
  }

  // Of every Set() from now on. `observer` must not change the book.
  void Observe(Observer observer) { observer_ = std::move(observer); }

  // The initial ledger for an unknown name.
  const Ledger& Get(const std::string& name) const {
    const auto found = wallets_.find(name);
    return found == wallets_.end() ? initial_ : found->second.ledger;
  }

  // The body that a balance request gets now.
  std::string Body(const std::string& name) const { return render_(Get(name)); }

  // To be called when `render` has come to give something else.
  void RecordAll() {
    for (auto& [name, wallet] : wallets_) Record(wallet);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, wallet] : wallets_) names.push_back(name);
    return names;
  }

  std::vector<HistoryEntry> history(const std::string& name) const {
    const auto found = wallets_.find(name);
    return found == wallets_.end() ? std::vector<HistoryEntry>() : found->second.history.entries();
  }

 private:
  struct Wallet {
    Ledger ledger;
    History history;
  };

  void Record(Wallet& wallet) { wallet.history.Add(clock_.WallNow(), render_(wallet.ledger)); }

  const Clock& clock_;
  const Ledger initial_;
  const Render render_;
  Observer observer_;
  std::map<std::string, Wallet> wallets_;
};

}  // namespace balance::sandbox
