#pragma once

// Doubts readings in which the money of a currency is suddenly gone.

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/reading.h"

namespace balance {

// Finding about a currency that had money.
enum class ZeroVerdict : std::uint8_t {
  // Every amount that is reported is zero, and a second reading agreed.
  kZero,
  // There is no row any more, and a second reading agreed.
  kVanished,
  // A reading said one of the two, and a later one did not.
  kUnconfirmed,
};

struct ZeroEvent {
  // The currency, as CurrencyBalance has it.
  std::string currency_code;
  bool is_currency_unrecognized = false;
  ZeroVerdict verdict = ZeroVerdict::kZero;
};

// Knows, for each currency of a source, which amounts were not zero when they were last reported.
// An amount that is not reported is no zero: it is remembered as it was, and so are withdrawals
// under way. Used on one thread.
class ZeroGuard {
 public:
  // `pause` lies between a reading and the one that may confirm it. `last` is the reading before.
  ZeroGuard(Duration pause, const std::vector<CurrencyBalance>& last);

  // Whether `reading` may be believed. False: a currency that had money has none for the first
  // time, or for less than the pause, or there is money in an answer that is older than the one
  // without; the next reading has to decide. Call once for each reading.
  bool Judge(const Reading& reading);

  // Remembers `reading` from now on, and returns the findings since the call before, up to it.
  // REQUIRES: the latest Judge() was of `reading` and true, or nothing is known yet.
  std::vector<ZeroEvent> Keep(const Reading& reading);

 private:
  // One bit for each of kMoneyFields that is a holding, one for the withdrawals under way.
  using Holdings = std::bitset<kMoneyFields.size() + 1>;

  // State of one currency.
  struct Row {
    std::string currency_code;
    bool is_currency_unrecognized = false;
    // Amounts that were not zero when they were last reported.
    Holdings held;
    // When the first of the latest readings that all say that there is no money was observed.
    std::optional<SteadyTime> zero_since;
    // Whether, since the last kept reading, one said that there is no money and a later one did
    // not.
    bool was_doubted = false;
  };

  // Amounts of one currency that a reading reports.
  struct Report {
    bool is_present = false;
    Holdings reported;
    Holdings held;
  };

  static Report ReportOf(const Row& row, const std::vector<CurrencyBalance>& balances);
  // Whether `report` says that the money of `row` is gone.
  static bool IsGone(const Row& row, const Report& report);

  const Duration pause_;
  std::vector<Row> rows_;
};

}  // namespace balance
