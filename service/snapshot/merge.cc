#include "service/snapshot/merge.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string_view>

namespace balance {
namespace {

bool CanReport(const SourceView& view, Measure measure) {
  const auto& measures = view.info->measures;
  return std::find(measures.begin(), measures.end(), measure) != measures.end();
}

const OptionalAmount& AmountOf(const CurrencyBalance& balance, Measure measure) {
  switch (measure) {
    case Measure::kCash:
      return balance.cash;
    case Measure::kAvailableToTrade:
      return balance.available_to_trade;
    case Measure::kEquity:
      return balance.equity;
  }
  return balance.cash;
}

// Amount that a source adds to a total; nullopt if it is not known.
std::optional<Decimal> Contribution(const SourceView& view, const std::string& currency,
                                    Measure measure) {
  if (!view.reading) return std::nullopt;
  Decimal sum;
  for (const CurrencyBalance& balance : view.reading->balances) {
    // The row might be of this currency, so its amounts, reported or not, may be missing here.
    if (!balance.HasCurrency()) return std::nullopt;
    if (balance.currency_code != currency) continue;
    const auto& amount = AmountOf(balance, measure);
    if (!amount) return std::nullopt;
    const auto added = Decimal::Add(sum, amount->value);
    if (!added) return std::nullopt;
    sum = *added;
  }
  return sum;
}

// Amount that one pool of sources adds to a total, which is the contribution of the pool's newest
// reading.
struct PoolShare {
  std::vector<std::size_t> sources;
  std::optional<std::size_t> newest;
  // The newest source, if its contribution is known.
  std::optional<std::size_t> counted;
  Decimal amount;
};

// A number for the pool of each source, below the number of sources.
std::vector<std::size_t> NumberPools(const std::vector<SourceView>& views) {
  std::vector<std::size_t> pools;
  pools.reserve(views.size());
  std::map<std::string_view, std::size_t> numbers;
  for (const SourceView& view : views) {
    pools.push_back(numbers.try_emplace(view.info->pool, numbers.size()).first->second);
  }
  return pools;
}

// `pools` are the numbers of the sources' pools.
std::vector<PoolShare> SharesOf(const std::vector<SourceView>& views,
                                const std::vector<std::size_t>& pools, FundClass fund_class,
                                const std::string& currency, Measure measure) {
  constexpr auto kNoPlace = std::numeric_limits<std::size_t>::max();
  std::vector<PoolShare> shares;
  // Place in `shares` of each pool, indexed by the pool's number.
  std::vector<std::size_t> places(views.size(), kNoPlace);
  for (std::size_t i = 0; i < views.size(); ++i) {
    const SourceView& view = views[i];
    if (view.info->fund_class != fund_class || !CanReport(view, measure)) continue;
    std::size_t& place = places[pools[i]];
    if (place == kNoPlace) {
      place = shares.size();
      shares.emplace_back();
    }
    PoolShare& share = shares[place];
    share.sources.push_back(i);
    if (!view.reading) continue;
    if (!share.newest ||
        views[*share.newest].reading->observe_steady < view.reading->observe_steady) {
      share.newest = i;
    }
  }
  for (PoolShare& share : shares) {
    if (!share.newest) continue;
    const auto amount = Contribution(views[*share.newest], currency, measure);
    if (!amount) continue;
    share.counted = share.newest;
    share.amount = *amount;
  }
  return shares;
}

MeasureTotal Sum(const std::vector<SourceView>& views, const std::vector<PoolShare>& shares) {
  MeasureTotal result;
  Decimal sum;
  for (const PoolShare& share : shares) {
    const auto added =
        share.counted ? Decimal::Add(sum, share.amount) : Fail(ErrorKind::kInvalidInput, "");
    if (!added) {
      result.missing_sources.insert(result.missing_sources.end(), share.sources.begin(),
                                    share.sources.end());
      continue;
    }
    sum = *added;
    result.counted_sources.push_back(*share.counted);
    const WallTime observed = views[*share.counted].reading->observe_time;
    result.oldest_observe_time = std::min(result.oldest_observe_time.value_or(observed), observed);
  }
  std::sort(result.counted_sources.begin(), result.counted_sources.end());
  std::sort(result.missing_sources.begin(), result.missing_sources.end());
  if (result.missing_sources.empty()) {
    result.total = sum;
  } else if (!result.counted_sources.empty()) {
    result.known_subtotal = sum;
  }
  return result;
}

std::set<std::string> CurrenciesOf(const std::vector<SourceView>& views, FundClass fund_class) {
  std::set<std::string> currencies;
  bool any_source = false;
  for (const SourceView& view : views) {
    if (view.info->fund_class != fund_class) continue;
    any_source = true;
    if (view.currencies) currencies.insert(view.currencies->begin(), view.currencies->end());
  }
  if (any_source) currencies.emplace(kAlwaysPresentCurrency);
  return currencies;
}

bool HasSameContent(const SourceView& a, const SourceView& b) {
  if (a.state != b.state || !a.failure != !b.failure || !a.reading != !b.reading) return false;
  if (a.failure && a.failure->error.kind != b.failure->error.kind) return false;
  if (!a.reading || a.reading == b.reading) return true;
  return a.reading->balances == b.reading->balances && a.reading->warnings == b.reading->warnings;
}

}  // namespace

std::vector<MeasureTotal> MergeTotals(const std::vector<SourceView>& views) {
  const std::vector<std::size_t> pools = NumberPools(views);
  std::vector<MeasureTotal> totals;
  for (const FundClass fund_class : {FundClass::kRealMoney, FundClass::kSimulatedMoney}) {
    for (const std::string& currency : CurrenciesOf(views, fund_class)) {
      for (const Measure measure : {Measure::kCash, Measure::kAvailableToTrade, Measure::kEquity}) {
        const auto shares = SharesOf(views, pools, fund_class, currency, measure);
        if (shares.empty()) continue;
        MeasureTotal total = Sum(views, shares);
        total.fund_class = fund_class;
        total.currency_code = currency;
        total.measure = measure;
        totals.push_back(std::move(total));
      }
    }
  }
  return totals;
}

Completeness CountStates(const std::vector<SourceView>& views) {
  Completeness count;
  count.configured = static_cast<int>(views.size());
  for (const SourceView& view : views) {
    switch (view.state) {
      case SourceState::kFresh:
        ++count.fresh;
        break;
      case SourceState::kStale:
        ++count.stale;
        break;
      case SourceState::kNoData:
        ++count.missing;
        break;
      case SourceState::kNotRequested:
        break;
    }
  }
  return count;
}

std::optional<WallTime> OldestObserveTime(const std::vector<SourceView>& views) {
  std::optional<WallTime> oldest;
  for (const SourceView& view : views) {
    if (view.state == SourceState::kNotRequested) continue;
    if (!view.reading) return std::nullopt;
    const WallTime observed = view.reading->observe_time;
    oldest = std::min(oldest.value_or(observed), observed);
  }
  return oldest;
}

bool HaveSameContent(const std::vector<SourceView>& a, const std::vector<SourceView>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), HasSameContent);
}

}  // namespace balance
