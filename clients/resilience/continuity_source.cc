#include "clients/resilience/continuity_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "clients/core/time_text.h"

namespace balance {
namespace {

bool AreEqual(const OptionalAmount& a, const OptionalAmount& b) {
  return a && b && Decimal::Compare(a->value, b->value) == 0;
}

bool Differ(const OptionalAmount& a, const OptionalAmount& b) {
  return a && b && Decimal::Compare(a->value, b->value) != 0;
}

bool IsAtBaseline(const CurrencyBalance& balance) {
  return AreEqual(balance.cash, balance.starting_capital) &&
         AreEqual(balance.equity, balance.starting_capital);
}

tl::unexpected<Error> Unconfirmed() {
  return Fail(ErrorKind::kReplyInvalid,
              "The upstream suddenly reported that money is gone, and could not be asked often "
              "enough to be sure; it is asked again with the next read.");
}

// Upstream text that is no currency code is not repeated.
std::string LabelOf(const ZeroEvent& event) {
  if (event.is_currency_unrecognized) return "an unrecognized currency";
  return event.currency_code.empty() ? "a missing currency" : event.currency_code;
}

std::string Describe(ZeroVerdict verdict, const std::string& currencies, const std::string& time) {
  switch (verdict) {
    case ZeroVerdict::kZero:
      return "At " + time + " every amount reported in " + currencies +
             " was zero, where there was money before; it was the second answer to say so.";
    case ZeroVerdict::kVanished:
      return "At " + time + " no balance was reported in " + currencies +
             " any more, where there was money before; it was the second answer to say so.";
    case ZeroVerdict::kUnconfirmed:
      return "Shortly before " + time + " an answer reported no money in " + currencies +
             "; the one of " + time + " did not confirm it.";
  }
  return {};
}

}  // namespace

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
      zero_guard_(pause, last),
      baseline_(BaselineOf(last)) {}

boost::asio::awaitable<Result<Reading>> ContinuitySource::Fetch(FetchContext context) {
  Result<Reading> result = co_await next_->Fetch(context);
  for (int asked = 0; result; ++asked) {
    // A reading out of a cache on the way says nothing about what happened since, and nobody will
    // show it.
    if (result->observe_steady < newest_) co_return result;
    if (zero_guard_.Judge(*result)) break;
    if (asked == kMostQuestions) co_return Unconfirmed();
    result = co_await AskAgain(context);
  }
  if (result) Keep(*result);
  co_return result;
}

boost::asio::awaitable<Result<Reading>> ContinuitySource::AskAgain(FetchContext context) {
  const SteadyTime at = clock_.SteadyNow() + pause_;
  if (std::max(at, next_->Outlook().earliest) >= context.End()) co_return Unconfirmed();
  co_await clock_.SleepUntil(at);
  context.observed_from = at;
  const auto sent_before = context.progress->sent_at;
  Result<Reading> second = co_await next_->Fetch(context);
  if (!second && context.progress->sent_at == sent_before) co_return Unconfirmed();
  co_return second;
}

void ContinuitySource::Listen(OnReading on_reading) {
  next_->Listen([this, on_reading = std::move(on_reading)](std::optional<Reading> reading) {
    Hear(std::move(reading), on_reading);
  });
}

void ContinuitySource::Hear(std::optional<Reading> reading, const OnReading& on_reading) {
  if (!reading) return on_reading(std::nullopt);
  if (reading->observe_steady <= newest_) return;
  if (!zero_guard_.Judge(*reading)) return on_reading(std::nullopt);
  Keep(*reading);
  on_reading(std::move(reading));
}

void ContinuitySource::Keep(Reading& reading) {
  newest_ = reading.observe_steady;
  const Mark mark{reading.observe_time, reading.observe_steady + kWarningTime};
  for (ZeroEvent& event : zero_guard_.Keep(reading)) {
    std::erase_if(
        zeros_, [&](const auto& zero) { return zero.first.currency_code == event.currency_code; });
    zeros_.emplace_back(std::move(event), mark);
  }
  if (IsBaselineJump(baseline_, reading.balances)) jump_ = mark;
  baseline_ = BaselineOf(reading.balances);
  AddWarnings(reading);
}

void ContinuitySource::AddWarnings(Reading& reading) {
  const auto is_over = [&](const Mark& mark) { return mark.until <= reading.observe_steady; };
  std::erase_if(zeros_, [&](const auto& zero) { return is_over(zero.second); });
  if (jump_ && is_over(*jump_)) jump_.reset();
  // What was found out at one time is told in one sentence.
  for (auto first = zeros_.begin(); first != zeros_.end();) {
    std::string currencies;
    auto next = first;
    for (; next != zeros_.end() && next->first.verdict == first->first.verdict &&
           next->second.at == first->second.at;
         ++next) {
      currencies += (currencies.empty() ? "" : ", ") + LabelOf(next->first);
    }
    reading.warnings.push_back({WarningKind::kSuddenZero, Describe(first->first.verdict, currencies,
                                                                   UtcText(first->second.at))});
    first = next;
  }
  if (!jump_) return;
  reading.warnings.push_back(
      {WarningKind::kBaselineJump, "At " + UtcText(jump_->at) +
                                       " the simulator was found set back to its start; the change "
                                       "from the reading before is no profit or loss."});
}

}  // namespace balance
