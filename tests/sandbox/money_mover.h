#pragma once

// A random walk of invented money: orders rest, fill and are cancelled, positions gain and lose,
// deposits arrive, now and then cash is withdrawn. Amounts have four decimals on Polymarket US and
// two on PolySimulator; each venue's identity holds after every step, and nothing becomes negative.

#include <cstdint>
#include <random>
#include <string>

#include "clients/core/clock.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/order_book.h"

namespace balance::sandbox {

// The same seed and the same calls make the same walk. Used on the sandbox's loop only.
class MoneyMover {
 public:
  explicit MoneyMover(std::uint64_t seed) : random_(seed) {}

  // One step for each row whose buying power is not fixed; `now` becomes its last change.
  void Step(PolymarketLedger& ledger, WallTime now);

  // One step of a wallet, unless its figures are fixed or it has no account.
  void Step(WalletBook<PolysimLedger>& wallets, OrderBook& orders, const std::string& wallet);

 private:
  void Step(PolymarketRow& row, WallTime now);
  bool TryTrade(PolymarketRow& row);
  bool TryShort(PolymarketRow& row);
  bool TryWithdrawal(PolymarketRow& row, WallTime now);
  bool TryDeposit(PolymarketRow& row);

  // A number in [0, below).
  std::uint64_t Below(std::uint64_t below);
  // A positive amount of less than `whole` units.
  std::string Amount(std::uint64_t whole, int decimals);

  std::mt19937_64 random_;
  std::uint64_t next_withdrawal_ = 1;
};

}  // namespace balance::sandbox
