#include "tests/soak/judge.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace balance {
namespace {

using State = v1::SourceBalance;

// In billionths; more digits or other text throws.
long long ToNanos(const std::string& text) {
  constexpr std::size_t kDigits = 9;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits = text.substr(0, point);
  std::string fraction = point < text.size() ? text.substr(point + 1) : "";
  if (fraction.size() > kDigits) throw std::out_of_range("more digits than a judge can hold");
  fraction.resize(kDigits, '0');
  digits += fraction;
  std::size_t used = 0;
  const long long value = std::stoll(digits, &used);
  if (used != digits.size()) throw std::invalid_argument("no figure: " + text);
  return value;
}

const v1::Amount* AmountOf(const v1::CurrencyBalance& balance, v1::Measure measure) {
  switch (measure) {
    case v1::CASH:
      return balance.has_cash() ? &balance.cash() : nullptr;
    case v1::AVAILABLE_TO_TRADE:
      return balance.has_available_to_trade() ? &balance.available_to_trade() : nullptr;
    case v1::EQUITY:
      return balance.has_equity() ? &balance.equity() : nullptr;
    default:
      return nullptr;
  }
}

// What a source shows; a currency without a row is zero, an amount that is not told is unset.
std::optional<long long> PartOf(const v1::SourceBalance& source, const v1::MeasureTotal& total) {
  if (!source.has_balance_set()) return std::nullopt;
  long long part = 0;
  for (const v1::CurrencyBalance& balance : source.balance_set().balances()) {
    if (balance.currency_code() != total.currency_code()) continue;
    const v1::Amount* amount = AmountOf(balance, total.measure());
    if (!amount) return std::nullopt;
    part += ToNanos(amount->value());
  }
  return part;
}

class Judgement {
 public:
  Judgement(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
            const JudgeTimes& times)
      : snapshot_(snapshot), policy_(policy), times_(times) {}

  std::vector<std::string> Pass() {
    for (const v1::SourceBalance& source : snapshot_.sources()) {
      JudgeState(source);
      if (source.has_balance_set()) JudgeTotalsOf(source);
    }
    JudgeCompleteness();
    for (const v1::MeasureTotal& total : snapshot_.totals()) JudgeTotal(total);
    return std::move(wrong_);
  }

 private:
  void Require(bool holds, const std::string& name, const std::string& what) {
    if (!holds) wrong_.push_back(name + ": " + what);
  }

  void JudgeState(const v1::SourceBalance& source) {
    const bool is_shown = source.state() == State::FRESH || source.state() == State::STALE;
    Require(is_shown || source.state() == v1::SourceBalance_State_NO_DATA, source.name(),
            "a state that nobody asked for");
    Require(source.has_balance_set() == is_shown, source.name(), "data and state do not fit");
    Require(source.has_freshness() == is_shown, source.name(), "freshness and state do not fit");
    if (!is_shown || !source.has_freshness()) return;
    const Duration age = ToWall(snapshot_.serve_time()) - ToWall(source.freshness().observe_time());
    const std::string told = " at an age of " + std::to_string(age / Duration(1'000'000)) + " ms";
    Require(age >= -times_.tolerance, source.name(), "observed in the future" + told);
    if (source.state() == State::FRESH) {
      Require(age <= times_.ttl + times_.tolerance, source.name(), "FRESH" + told);
      return;
    }
    Require(policy_.has_max_age() || age >= times_.ttl - times_.tolerance, source.name(),
            "STALE" + told);
    Require(age <= times_.ttl + times_.max_stale + times_.tolerance, source.name(), "STALE" + told);
    // One that was good enough when it was asked for may age past its TTL while the call waits for
    // another source; it is no reading in place of another, then.
    const auto outcome = source.freshness().outcome();
    const bool is_substitute =
        outcome == v1::Freshness::STALE_REVALIDATING || outcome == v1::Freshness::STALE_ON_ERROR;
    Require(!is_substitute || !policy_.has_max_stale() ||
                ToDuration(policy_.max_stale()) > Duration::zero(),
            source.name(), "STALE for a caller who takes nothing stale");
  }

  // Each figure of a total's measures is in a total.
  void JudgeTotalsOf(const v1::SourceBalance& source) {
    for (const v1::CurrencyBalance& balance : source.balance_set().balances()) {
      for (const v1::Measure measure : {v1::CASH, v1::AVAILABLE_TO_TRADE, v1::EQUITY}) {
        if (!AmountOf(balance, measure)) continue;
        const auto& totals = snapshot_.totals();
        const bool is_there =
            std::any_of(totals.begin(), totals.end(), [&](const v1::MeasureTotal& total) {
              return total.fund_class() == source.fund_class() && total.measure() == measure &&
                     total.currency_code() == balance.currency_code();
            });
        Require(is_there, source.name(), "a figure is in no total");
      }
    }
  }

  void JudgeCompleteness() {
    const auto count = [this](v1::SourceBalance::State state) {
      const auto& sources = snapshot_.sources();
      return std::count_if(sources.begin(), sources.end(),
                           [state](const auto& source) { return source.state() == state; });
    };
    const v1::Completeness& told = snapshot_.completeness();
    const bool is_right = told.configured() == snapshot_.sources_size() &&
                          told.fresh() == count(State::FRESH) &&
                          told.stale() == count(State::STALE) &&
                          told.missing() == count(v1::SourceBalance_State_NO_DATA) &&
                          told.complete() == (told.fresh() == told.configured());
    Require(is_right, snapshot_.name(), "completeness does not count the states");
  }

  void JudgeTotal(const v1::MeasureTotal& total) {
    const std::string name = v1::FundClass_Name(total.fund_class()) + " " + total.currency_code() +
                             " " + v1::Measure_Name(total.measure());
    const auto has = [](const auto& names, const std::string& wanted) {
      return std::find(names.begin(), names.end(), wanted) != names.end();
    };
    long long sum = 0;
    for (const v1::SourceBalance& source : snapshot_.sources()) {
      const bool is_counted = has(total.counted_sources(), source.name());
      const bool is_missing = has(total.missing_sources(), source.name());
      Require(!is_counted || !is_missing, name, "a source is counted and missing");
      if (!is_counted && !is_missing) continue;
      Require(source.fund_class() == total.fund_class(), name, "another fund class is in it");
      const auto part = PartOf(source, total);
      Require(part.has_value() == is_counted, name, source.name() + " is not counted as shown");
      if (is_counted) sum += part.value_or(0);
    }
    const bool is_whole = total.missing_sources().empty();
    const bool is_known = !total.counted_sources().empty();
    Require(total.has_total() == (is_whole && is_known), name, "a total of a part, or none");
    Require(total.has_known_subtotal() == (!is_whole && is_known), name, "an odd subtotal");
    if (total.has_total()) {
      Require(ToNanos(total.total().value()) == sum, name, "the total is not the sum");
    }
    if (total.has_known_subtotal()) {
      Require(ToNanos(total.known_subtotal().value()) == sum, name, "the subtotal is not the sum");
    }
  }

  static Duration ToDuration(const google::protobuf::Duration& duration) {
    return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
  }

  const v1::AccountSnapshot& snapshot_;
  const v1::ReadPolicy& policy_;
  const JudgeTimes& times_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> Judge(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
                               const JudgeTimes& times) {
  return Judgement(snapshot, policy, times).Pass();
}

WallTime ToWall(const google::protobuf::Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos()));
}

}  // namespace balance
