#include "tests/bench/sample_account.h"

#include "clients/core/clock.h"
#include "clients/polymarket_us/parse_balances.h"
#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/parse_balance.h"
#include "clients/polysimulator/venue.h"
#include "tests/support/views.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance::bench {
namespace {

SourceView ViewOf(const std::string& source, SourceKind kind, const ParsedBalances& parsed) {
  const SystemClock clock;
  SourceView view = MakeView(source, kind);
  SourceInfo info = *view.info;
  info.cache.ttl = std::chrono::hours(10);
  view.info = std::make_shared<const SourceInfo>(std::move(info));
  Reading reading;
  reading.balances = parsed.balances;
  reading.warnings = parsed.warnings;
  reading.observe_time = clock.WallNow();
  reading.observe_steady = clock.SteadyNow();
  reading.receive_time = reading.observe_time + std::chrono::milliseconds(80);
  reading.request_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  view.reading = std::make_shared<const Reading>(std::move(reading));
  return view;
}

}  // namespace

std::vector<SourceView> SampleViews(const std::string& polymarket_reply) {
  return {ViewOf("polymarket-us", polymarket_us::kKind,
                 polymarket_us::ParseBalances(polymarket_reply, {}).value()),
          ViewOf("polysimulator", polysimulator::kKind,
                 polysimulator::ParseBalance(polysimulator::samples::kOrdinary, {}).value())};
}

std::vector<SourceStatus> SampleStatuses(const std::string& polymarket_reply) {
  std::vector<SourceStatus> statuses;
  for (const SourceView& view : SampleViews(polymarket_reply)) {
    SourceStatus& status = statuses.emplace_back();
    status.info = view.info;
    status.reading = view.reading;
    status.last_attempt = view.reading->observe_steady;
  }
  return statuses;
}

}  // namespace balance::bench
