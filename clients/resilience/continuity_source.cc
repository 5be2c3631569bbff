#include "clients/resilience/continuity_source.h"

#include <algorithm>
#include <array>
#include <utility>

namespace balance {
namespace {

using MoneyField = std::optional<Amount> CurrencyBalance::*;

// Not among them: what a simulator was started with, and its profit.
constexpr std::array<MoneyField, 12> kMoney = {&CurrencyBalance::cash,
                                               &CurrencyBalance::available_to_trade,
                                               &CurrencyBalance::equity,
                                               &CurrencyBalance::position_value,
                                               &CurrencyBalance::position_notional,
                                               &CurrencyBalance::position_collateral,
                                               &CurrencyBalance::open_orders,
                                               &CurrencyBalance::margin_requirement,
                                               &CurrencyBalance::unsettled,
                                               &CurrencyBalance::pending_credit,
                                               &CurrencyBalance::reserved,
                                               &CurrencyBalance::withdrawable};

bool AreEqual(const std::optional<Amount>& a, const std::optional<Amount>& b) {
  return a && b && Decimal::Compare(a->value, b->value) == 0;
}

bool Differ(const std::optional<Amount>& a, const std::optional<Amount>& b) {
  return a && b && Decimal::Compare(a->value, b->value) != 0;
}

bool IsAtBaseline(const CurrencyBalance& balance) {
  return AreEqual(balance.cash, balance.starting_capital) &&
         AreEqual(balance.equity, balance.starting_capital);
}

tl::unexpected<Error> Unconfirmed() {
  return Fail(ErrorKind::kReplyInvalid,
              "The upstream suddenly reported that nothing is held, and could not be asked again "
              "in time; it is asked again with the next read.");
}

}  // namespace

bool HoldsMoney(const std::vector<CurrencyBalance>& balances) {
  return std::any_of(balances.begin(), balances.end(), [](const CurrencyBalance& balance) {
    return !balance.pending_withdrawals.empty() ||
           std::any_of(kMoney.begin(), kMoney.end(), [&](MoneyField field) {
             const std::optional<Amount>& amount = balance.*field;
             return amount && !amount->value.IsZero();
           });
  });
}

Baseline BaselineOf(const std::vector<CurrencyBalance>& balances) {
  if (balances.size() != 1) return {};
  return {balances.front().starting_capital, balances.front().equity};
}

bool IsBaselineJump(const Baseline& before, const std::vector<CurrencyBalance>& after) {
  const Baseline now = BaselineOf(after);
  if (Differ(before.starting_capital, now.starting_capital)) return true;
  return after.size() == 1 && IsAtBaseline(after.front()) && Differ(before.equity, now.equity);
}

ContinuitySource::ContinuitySource(std::unique_ptr<BalanceSource> next, Duration pause,
                                   Clock& clock, const std::vector<CurrencyBalance>& last)
    : next_(std::move(next)),
      pause_(pause),
      clock_(clock),
      held_money_(HoldsMoney(last)),
      baseline_(BaselineOf(last)) {}

boost::asio::awaitable<Result<Reading>> ContinuitySource::Fetch(FetchContext context) {
  Result<Reading> result = co_await next_->Fetch(context);
  if (result && NeedsConfirmation(*result)) result = co_await AskAgain(context);
  if (!result) co_return result;
  if (zero_since_) {
    Warn(WarningKind::kSuddenZero,
         HoldsMoney(result->balances)
             ? "One answer said that nothing is held; the next one did not confirm it and is shown."
             : "All money is gone since the reading before; a second answer confirmed it.",
         result->observe_steady);
  }
  if (IsBaselineJump(baseline_, result->balances)) {
    Warn(WarningKind::kBaselineJump,
         "The simulator was set back to its start; the change is no profit or loss.",
         result->observe_steady);
  }
  Keep(*result);
  co_return result;
}

bool ContinuitySource::NeedsConfirmation(const Reading& reading) {
  if (!held_money_ || HoldsMoney(reading.balances)) return false;
  if (zero_since_) return reading.observe_steady < *zero_since_ + pause_;
  zero_since_ = reading.observe_steady;
  return true;
}

boost::asio::awaitable<Result<Reading>> ContinuitySource::AskAgain(FetchContext context) {
  const SteadyTime at = clock_.SteadyNow() + pause_;
  if (std::max(at, next_->Outlook().earliest) >= context.End()) co_return Unconfirmed();
  co_await clock_.SleepUntil(at);
  const auto sent_before = context.progress->sent_at;
  Result<Reading> second = co_await next_->Fetch(context);
  if (!second && context.progress->sent_at == sent_before) co_return Unconfirmed();
  co_return second;
}

void ContinuitySource::Warn(WarningKind kind, std::string detail, SteadyTime at) {
  std::erase_if(warnings_, [kind](const Recent& recent) { return recent.warning.kind == kind; });
  warnings_.push_back({{kind, std::move(detail)}, at + kWarningTime});
}

void ContinuitySource::Keep(Reading& reading) {
  std::erase_if(warnings_,
                [&](const Recent& recent) { return recent.until <= reading.observe_steady; });
  for (const Recent& recent : warnings_) reading.warnings.push_back(recent.warning);
  held_money_ = HoldsMoney(reading.balances);
  baseline_ = BaselineOf(reading.balances);
  zero_since_.reset();
}

}  // namespace balance
