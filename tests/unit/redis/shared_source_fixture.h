#pragma once

// A SharedSource whose other replicas, upstream and time are what the test says.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/redis/shared_source.h"
#include "clients/resilience/paced_source.h"
#include "tests/support/fetching.h"
#include "tests/unit/redis/fake_fleet_store.h"

namespace balance {

class SharedSourceTest : public FetchingTest {
 protected:
  SharedSourceTest() { source_ = MakeShared(); }

  std::unique_ptr<SharedSource> MakeShared() { return MakeShared(upstream_.MakeSource()); }

  // With connections that it shares with what the test does, at a rate of 2 a second.
  std::unique_ptr<SharedSource> MakePaced() {
    return MakeShared(
        std::make_unique<PacedSource>(upstream_.MakeSource(), pacer_, clock_, slots_));
  }

  std::unique_ptr<SharedSource> MakeShared(std::unique_ptr<BalanceSource> next) {
    SharedSource::Settings settings;
    settings.names.reading = "reading";
    settings.owner = "owner";
    settings.rate = {std::chrono::milliseconds(600), std::chrono::milliseconds(600)};
    settings.min_refresh_interval = std::chrono::milliseconds(500);
    settings.refresh_budget = std::chrono::seconds(5);
    settings.time_to_live = std::chrono::minutes(2);
    return std::make_unique<SharedSource>(
        loop_.get_executor(), std::move(next), store_, reserve_, login_, std::move(settings),
        [this] { return chance_; }, clock_);
  }

  Granted Grant(std::string token = "token") {
    const SteadyTime now = clock_.SteadyNow();
    return {std::move(token), RedisTime(std::chrono::microseconds(1)),
            now + std::chrono::milliseconds(100), now + std::chrono::milliseconds(5500),
            now + std::chrono::milliseconds(600)};
  }

  LeaseBusy BusyFor(Duration time) { return {clock_.SteadyNow() + time}; }

  FleetReading Shared(const std::string& cash, Duration age = Duration(0)) {
    return {MakeReading(cash, clock_.WallNow() - age, clock_.SteadyNow() - age),
            RedisTime(std::chrono::microseconds(1))};
  }

  FleetFailure Failure(ErrorKind kind, Duration age = Duration(0)) {
    return {Error{kind, "elsewhere"}, RedisTime(std::chrono::microseconds(1)),
            clock_.SteadyNow() - age};
  }

  std::string Told() const {
    if (!result_) return "nothing yet";
    if (!*result_) return std::string(TraitsOf(result_->error().kind).reason);
    return (*result_)->balances.at(0).cash->value.ToString();
  }

  double chance_ = 0.5;
  const std::shared_ptr<FakeFleetStore> store_ = std::make_shared<FakeFleetStore>();
  // One request in 8.9 s or so.
  const std::shared_ptr<ReserveBudget> reserve_ =
      std::make_shared<ReserveBudget>(RateSettings{2, 2}, 0.25, 4, [this] { return chance_; });
  const std::shared_ptr<FleetLogin> login_ = std::make_shared<FleetLogin>(
      std::chrono::milliseconds(600), 2, std::make_shared<const std::atomic<bool>>(true));
  const std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{2, 2});
  // Of the two there are, a host may have one.
  const std::shared_ptr<HostSlots> slots_ =
      std::make_shared<HostSlots>(std::make_shared<ConnectionSlots>(loop_.get_executor(), clock_,
                                                                    ConnectionLimits{.total = 2}));
  std::unique_ptr<SharedSource> source_;
};

}  // namespace balance
