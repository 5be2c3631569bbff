#include "tests/support/views.h"

#include "clients/core/decimal.h"
#include "clients/polysimulator/venue.h"

namespace balance {
namespace {

OptionalAmount AmountOf(const std::string& text, std::string_view basis) {
  if (text.empty()) return std::nullopt;
  return Amount{*Decimal::Parse(text), AmountOrigin::kReported, basis};
}

Reading CopyOf(const SourceView& view) { return view.reading ? *view.reading : Reading{}; }

SourceView WithInfo(SourceView view, SourceInfo info) {
  view.info = std::make_shared<const SourceInfo>(std::move(info));
  return view;
}

}  // namespace

SourceView MakeView(const std::string& source, SourceKind kind) {
  SourceInfo info;
  info.account = "desk-1";
  info.source = source;
  info.kind = kind;
  info.pool = source;
  info.measures = {Measure::kCash, Measure::kAvailableToTrade};
  if (kind == polysimulator::kKind) {
    info.fund_class = FundClass::kSimulatedMoney;
    info.measures.push_back(Measure::kEquity);
  }
  info.cache = {std::chrono::seconds(2), std::chrono::seconds(5), std::chrono::seconds(60),
                std::chrono::milliseconds(500)};
  SourceView view;
  view.state = SourceState::kFresh;
  view.reading = std::make_shared<const Reading>();
  view.fresh_for = info.cache.ttl;
  return WithInfo(std::move(view), std::move(info));
}

SourceView WithRow(SourceView view, const std::string& currency, const std::string& cash,
                   const std::string& available, const std::string& equity) {
  Reading reading = CopyOf(view);
  CurrencyBalance row;
  row.currency_code = currency;
  row.cash = AmountOf(cash, "currentBalance");
  row.available_to_trade = AmountOf(available, "buyingPower");
  row.equity = AmountOf(equity, "total_value");
  reading.balances.push_back(std::move(row));
  std::set<std::string> currencies = view.currencies ? *view.currencies : std::set<std::string>();
  if (!currency.empty()) currencies.insert(currency);
  view.currencies = std::make_shared<const std::set<std::string>>(std::move(currencies));
  view.reading = std::make_shared<const Reading>(std::move(reading));
  return view;
}

SourceView WithState(SourceView view, SourceState state) {
  view.state = state;
  if (state == SourceState::kNoData || state == SourceState::kNotRequested) view.reading = nullptr;
  return view;
}

SourceView WithPool(SourceView view, const std::string& pool) {
  SourceInfo info = *view.info;
  info.pool = pool;
  return WithInfo(std::move(view), std::move(info));
}

SourceView ObservedAt(SourceView view, Duration since_origin) {
  Reading reading = CopyOf(view);
  reading.observe_time = WallTime(since_origin);
  reading.observe_steady = SteadyTime(since_origin);
  view.reading = std::make_shared<const Reading>(std::move(reading));
  return view;
}

}  // namespace balance
