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

bool IsBaselineJump(const std::vector<CurrencyBalance>& before,
                    const std::vector<CurrencyBalance>& after) {
  if (before.size() != 1 || after.size() != 1) return false;
  const CurrencyBalance& was = before.front();
  const CurrencyBalance& is = after.front();
  if (Differ(was.starting_capital, is.starting_capital)) return true;
  return IsAtBaseline(is) && Differ(was.equity, is.equity);
}

ContinuitySource::ContinuitySource(std::unique_ptr<BalanceSource> next, Duration pause,
                                   Clock& clock, std::vector<CurrencyBalance> last)
    : next_(std::move(next)), pause_(pause), clock_(clock), last_(std::move(last)) {}

boost::asio::awaitable<Result<Reading>> ContinuitySource::Fetch(FetchContext context) {
  Result<Reading> result = co_await next_->Fetch(context);
  if (!result) co_return result;
  if (HoldsMoney(last_) && !HoldsMoney(result->balances)) {
    result = co_await Confirm(context);
    if (!result) co_return result;
  }
  if (IsBaselineJump(last_, result->balances)) {
    Warn(WarningKind::kBaselineJump,
         "The simulator was set back to its start; the change is no profit or loss.",
         result->observe_steady);
  }
  Keep(*result);
  co_return result;
}

boost::asio::awaitable<Result<Reading>> ContinuitySource::Confirm(FetchContext context) {
  const SteadyTime at = clock_.SteadyNow() + pause_;
  if (at >= context.End()) {
    co_return Fail(ErrorKind::kReplyInvalid,
                   "The upstream suddenly reported that nothing is held, and no time was left to "
                   "ask again; it is asked again with the next read.");
  }
  co_await clock_.SleepUntil(at);
  Result<Reading> second = co_await next_->Fetch(context);
  if (!second) co_return second;
  Warn(WarningKind::kSuddenZero,
       HoldsMoney(second->balances)
           ? "One answer said that nothing is held; the next one did not confirm it and is shown."
           : "All money is gone since the reading before; a second answer confirmed it.",
       second->observe_steady);
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
  last_ = reading.balances;
}

}  // namespace balance
