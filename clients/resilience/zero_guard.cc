#include "clients/resilience/zero_guard.h"

#include <algorithm>
#include <utility>

namespace balance {
namespace {

// Money that is under way, or may be: an amount that is unset is not known to be zero.
bool MayHoldMoney(const PendingWithdrawal& withdrawal) {
  return !withdrawal.amount || !withdrawal.amount->value.IsZero();
}

// Age counts whole seconds, so a reading out of a cache may be up to so much older than it says.
constexpr Duration kAgeUnit = std::chrono::seconds(1);

// Earliest time at which `reading` can have been observed.
SteadyTime EarliestObserved(const Reading& reading) {
  return reading.observe_steady - (reading.cache_age > Duration::zero() ? kAgeUnit : Duration());
}

}  // namespace

ZeroGuard::ZeroGuard(Duration pause, const std::vector<CurrencyBalance>& last) : pause_(pause) {
  Reading reading;
  reading.balances = last;
  Keep(reading);
}

ZeroGuard::Report ZeroGuard::ReportOf(const Row& row,
                                      const std::vector<CurrencyBalance>& balances) {
  Report report;
  for (const CurrencyBalance& balance : balances) {
    if (balance.currency_code != row.currency_code) continue;
    report.is_present = true;
    for (std::size_t i = 0; i < kMoneyFields.size(); ++i) {
      const auto& amount = balance.*(kMoneyFields[i].place);
      if (!amount || kMoneyFields[i].kind != MoneyKind::kHolding) continue;
      report.reported.set(i);
      if (!amount->value.IsZero()) report.held.set(i);
    }
    constexpr std::size_t kWithdrawals = kMoneyFields.size();
    const auto& withdrawals = balance.pending_withdrawals;
    if (std::any_of(withdrawals.begin(), withdrawals.end(), MayHoldMoney)) {
      report.held.set(kWithdrawals);
    }
    // An empty list says something only beside amounts: a row without any says nothing at all.
    const bool is_list_whole = balance.are_withdrawals_reported && report.reported.any();
    if (is_list_whole || report.held.test(kWithdrawals)) report.reported.set(kWithdrawals);
  }
  return report;
}

bool ZeroGuard::IsGone(const Row& row, const Report& report) {
  if (row.held.none()) return false;
  return !report.is_present || (report.held.none() && (report.reported & row.held).any());
}

bool ZeroGuard::Judge(const Reading& reading) {
  const SteadyTime observed = EarliestObserved(reading);
  bool is_believed = true;
  for (Row& row : rows_) {
    if (!IsGone(row, ReportOf(row, reading.balances))) {
      // What was there before it was gone refutes nothing.
      if (row.zero_since && observed < *row.zero_since) {
        is_believed = false;
        continue;
      }
      row.was_doubted = row.was_doubted || row.zero_since;
      row.zero_since.reset();
      continue;
    }
    const bool is_first = !row.zero_since;
    if (is_first) row.zero_since = reading.observe_steady;
    if (is_first || observed < *row.zero_since + pause_) is_believed = false;
  }
  return is_believed;
}

std::vector<ZeroEvent> ZeroGuard::Keep(const Reading& reading) {
  std::vector<ZeroEvent> events;
  for (Row& row : rows_) {
    const Report report = ReportOf(row, reading.balances);
    if (row.zero_since || row.was_doubted) {
      const ZeroVerdict verdict = !row.zero_since     ? ZeroVerdict::kUnconfirmed
                                  : report.is_present ? ZeroVerdict::kZero
                                                      : ZeroVerdict::kVanished;
      events.push_back({row.currency_code, row.is_currency_unrecognized, verdict});
    }
    row.held = report.is_present ? report.held | (row.held & ~report.reported) : Holdings();
    row.zero_since.reset();
    row.was_doubted = false;
  }
  for (const CurrencyBalance& balance : reading.balances) {
    if (std::any_of(rows_.begin(), rows_.end(),
                    [&](const Row& row) { return row.currency_code == balance.currency_code; })) {
      continue;
    }
    Row row{balance.currency_code, balance.is_currency_unrecognized, {}, {}, false};
    row.held = ReportOf(row, reading.balances).held;
    if (row.held.any()) rows_.push_back(std::move(row));
  }
  std::erase_if(rows_, [](const Row& row) { return row.held.none(); });
  return events;
}

}  // namespace balance
