#pragma once

// PolySimulator's resting BUY limits, as far as they move a balance.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clients/core/result.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/polysimulator_frames.h"
#include "tests/sandbox/wallet_book.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class OrderBook {
 public:
  // `wallets` must outlive it.
  explicit OrderBook(WalletBook<PolysimLedger>& wallets) : wallets_(wallets) {}

  // Takes `cost` out of the balance. Fails with kInvalidInput if it is no positive amount or more
  // than the balance. Returns the order's id.
  Result<std::string> Place(const std::string& wallet, const std::string& cost);
  // Returns the cost to the balance.
  Result<void> Cancel(const std::string& id);
  // Turns the cost into position value.
  Result<void> Fill(const std::string& id);
  // Forgets a wallet's orders without returning their cost.
  void Drop(const std::string& wallet);

  // Called for each order that fills. `observer` must not change the book.
  using Observer = std::function<void(const OrderFill&)>;
  void ObserveFills(Observer observer) { observer_ = std::move(observer); }

  // Ids of a wallet's resting orders, oldest first.
  std::vector<std::string> Resting(const std::string& wallet) const;

 private:
  struct Order {
    std::string wallet;
    std::string cost;
  };

  Result<Order> Remove(const std::string& id);

  WalletBook<PolysimLedger>& wallets_;
  std::map<std::uint64_t, Order> orders_;
  std::uint64_t next_id_ = 1;
  Observer observer_;
};

}  // namespace balance::sandbox
