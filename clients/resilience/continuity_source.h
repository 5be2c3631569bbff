#pragma once

// Compares each reading with the one before, and asks twice before it believes that all money is
// gone.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"

namespace balance {

// What a simulator started with and what it is worth, where a reading has one row; else unset.
struct Baseline {
  std::optional<Amount> starting_capital;
  std::optional<Amount> equity;
};

Baseline BaselineOf(const std::vector<CurrencyBalance>& balances);

// The outermost decorator of a BalanceSource. Used on its shard's thread only.
class ContinuitySource final : public BalanceSource {
 public:
  // How long each reading after a jump still carries its warning.
  static constexpr Duration kWarningTime = std::chrono::seconds(60);

  // `pause` lies between a reading and the one that shall confirm it. `last` is what is known to be
  // held already. `clock` must outlive the source.
  ContinuitySource(std::unique_ptr<BalanceSource> next, Duration pause, Clock& clock,
                   const std::vector<CurrencyBalance>& last = {});

  // As the decorated source. A reading without money after one with money is read once more, at
  // least the pause later: the newer one is kept with the warning SUDDEN_ZERO, whatever it says.
  // Where no second reading can be had in time, none is kept and the fetch fails; that of a later
  // fetch is the second one then. A simulator that was set back to its start warns BASELINE_JUMP.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override { return next_->Outlook(); }

 private:
  struct Recent {
    Warning warning;
    SteadyTime until;
  };

  // Notes a sudden zero. False if the reading may be believed.
  bool NeedsConfirmation(const Reading& reading);
  boost::asio::awaitable<Result<Reading>> AskAgain(FetchContext context);
  void Warn(WarningKind kind, std::string detail, SteadyTime at);
  void Keep(Reading& reading);

  const std::unique_ptr<BalanceSource> next_;
  const Duration pause_;
  Clock& clock_;
  // Of the reading before. All of it would be a second copy of what its reader keeps.
  bool held_money_;
  Baseline baseline_;
  // When the first reading without money since then was observed; unset if there was none.
  std::optional<SteadyTime> zero_since_;
  std::vector<Recent> warnings_;
};

// Whether any figure says that there is money, now or on its way.
bool HoldsMoney(const std::vector<CurrencyBalance>& balances);

// Whether a simulator was set back to its start between two readings: the baseline changed, or all
// that is left is the baseline, in cash.
bool IsBaselineJump(const Baseline& before, const std::vector<CurrencyBalance>& after);

}  // namespace balance
