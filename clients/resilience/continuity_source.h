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

// The outermost decorator of a BalanceSource. Used on its shard's thread only.
class ContinuitySource final : public BalanceSource {
 public:
  // How long each reading after a jump still carries its warning.
  static constexpr Duration kWarningTime = std::chrono::seconds(60);

  // `pause` lies between a reading and the one that shall confirm it. `last` is what is known to be
  // held already. `clock` must outlive the source.
  ContinuitySource(std::unique_ptr<BalanceSource> next, Duration pause, Clock& clock,
                   std::vector<CurrencyBalance> last = {});

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
  // Of the reading before; empty before the first.
  std::vector<CurrencyBalance> last_;
  // When the first reading without money since then was observed; unset if there was none.
  std::optional<SteadyTime> zero_since_;
  std::vector<Recent> warnings_;
};

// Whether any figure says that there is money, now or on its way.
bool HoldsMoney(const std::vector<CurrencyBalance>& balances);

// Whether a simulator was set back to its start between two readings: the baseline changed, or all
// that is left is the baseline, in cash.
bool IsBaselineJump(const std::vector<CurrencyBalance>& before,
                    const std::vector<CurrencyBalance>& after);

}  // namespace balance
