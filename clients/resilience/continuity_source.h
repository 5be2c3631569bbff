#pragma once

// Compares each reading with the one before, and asks again before it believes that the money of a
// currency is gone.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/zero_guard.h"

namespace balance {

// What a simulator started with and what it is worth, where a reading has one row; else unset.
struct Baseline {
  OptionalAmount starting_capital;
  OptionalAmount equity;
};

Baseline BaselineOf(const std::vector<CurrencyBalance>& balances);

// The outermost decorator of a BalanceSource. Used on its shard's thread only.
class ContinuitySource final : public BalanceSource {
 public:
  // How long readings carry the warning of what was found out at one of them.
  static constexpr Duration kWarningTime = std::chrono::seconds(60);
  // How often one fetch asks again. Twice, because another currency may be gone by the time that
  // the first one is confirmed or not.
  static constexpr int kMostQuestions = 2;

  // `pause` lies between a reading and the one that is to confirm it. `last` is what the account is
  // already known to hold. `clock` must outlive the source.
  ContinuitySource(std::unique_ptr<BalanceSource> next, Duration pause, Clock& clock,
                   const std::vector<CurrencyBalance>& last = {});

  // Fetches from the decorated source. When a currency that had money has none in a reading, the
  // source is read once more, at least the pause later: the newer reading is kept with the warning
  // SUDDEN_ZERO, whatever it says of that currency. Where no further reading can be had in time,
  // none is kept and the fetch fails; the reading of a later fetch decides then. A reading that is
  // older than the one before changes nothing here. The reading of a simulator that was set back to
  // its start has the warning BASELINE_JUMP.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override { return next_->Outlook(); }

  // Judges them as it does what it fetches. One that cannot be believed yet is not told: a fetch
  // then asks again.
  void Listen(OnReading on_reading) override;

 private:
  // When something was observed, and until when readings that are observed later carry its warning.
  struct Mark {
    WallTime at;
    SteadyTime until;
  };

  boost::asio::awaitable<Result<Reading>> AskAgain(FetchContext context);
  void Hear(std::optional<Reading> reading, const OnReading& on_reading);
  // Takes `reading` for the one before the next one, and adds its warnings.
  void Keep(Reading& reading);
  void AddWarnings(Reading& reading);

  const std::unique_ptr<BalanceSource> next_;
  const Duration pause_;
  Clock& clock_;
  // The part of the reading before that the comparison needs: a whole reading would be a second
  // copy of what its reader keeps.
  ZeroGuard zero_guard_;
  // When the reading before was observed.
  SteadyTime newest_ = SteadyTime::min();
  Baseline baseline_;
  // The latest event of each currency, oldest first.
  std::vector<std::pair<ZeroEvent, Mark>> zeros_;
  std::optional<Mark> jump_;
};

// Whether a simulator was set back to its start between two readings: the baseline changed, or all
// that is left is the baseline, in cash.
bool IsBaselineJump(const Baseline& before, const std::vector<CurrencyBalance>& after);

}  // namespace balance
