// The budget of a credential, given out to many replicas by one Redis.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FleetBudgetTest : public RedisTest {
 protected:
  // Made outside of coroutines: GCC 12 copies the bytes of an aggregate, as Error is, that is made
  // within an expression that suspends, and its strings then point into what they were copied from.
  StoreRequest Failed(const LoginNames& login, const Granted& grant) {
    return Storing(login, Error{ErrorKind::kUpstreamError, "no"}, grant);
  }

  // Asks on and on for the right to send, as a busy replica does, and ends each lease at once.
  boost::asio::awaitable<void> Ask(RedisFleetStore& store, LoginNames login, std::string owner,
                                   FleetRate rate, SteadyTime until, std::vector<RedisTime>& sent,
                                   int& running) {
    while (clock_.SteadyNow() < until) {
      AcquireRequest request{.login = login, .owner = owner};
      request.observed_from = clock_.SteadyNow() + seconds(1);
      request.rate = rate;
      request.lease = seconds(1);
      const auto acquired = co_await store.Acquire(request);
      if (acquired && std::holds_alternative<Granted>(*acquired)) {
        const Granted& grant = std::get<Granted>(*acquired);
        sent.push_back(grant.observed);
        StoreRequest failed = Failed(login, grant);
        const auto stored = co_await store.Store(std::move(failed));
        if (!stored) ++failures_;
      } else if (acquired) {
        co_await clock_.SleepUntil(clock_.SteadyNow() + milliseconds(1));
      } else {
        ++failures_;
        co_await clock_.SleepUntil(clock_.SteadyNow() + milliseconds(5));
      }
    }
    --running;
  }

  // All that were granted to `askers` on each of the stores in `length`.
  std::vector<RedisTime> AllGranted(const std::vector<std::unique_ptr<RedisFleetStore>>& stores,
                                    int askers, FleetRate rate, Duration length) {
    std::vector<RedisTime> sent;
    int running = 0;
    const SteadyTime until = clock_.SteadyNow() + length;
    for (const auto& store : stores) {
      for (int i = 0; i < askers; ++i) {
        boost::asio::co_spawn(
            loop_,
            Ask(*store, login_, "asker " + std::to_string(running++), rate, until, sent, running),
            [](std::exception_ptr failure) {
              if (failure) std::rethrow_exception(failure);
            });
      }
    }
    EXPECT_TRUE(Becomes([&] { return running == 0; }));
    std::sort(sent.begin(), sent.end());
    return sent;
  }

  static std::size_t MostInASecond(const std::vector<RedisTime>& sent) {
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
      while (sent[last] - sent[first] >= seconds(1)) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }

  const LoginNames login_ = NamesOfKey("key");
  int failures_ = 0;
};

TEST_F(FleetBudgetTest, M18_ManyReplicasTogetherKeepTheCeilingInEverySlidingSecond) {
  const RedisServer server;
  std::vector<std::unique_ptr<RedisFleetStore>> stores;
  for (int i = 0; i < 4; ++i) stores.push_back(ConnectedStore(server));

  for (const RateSettings& rate : {RateSettings{20, 1}, RateSettings{10, 5}, RateSettings{2, 2}}) {
    server.Command({"FLUSHALL"});
    const FleetRate fleet = FleetRateOf(rate, 0.25);

    std::vector<RedisTime> sent = AllGranted(stores, 5, fleet, seconds(2));
    // The bucket fills, for a burst.
    RunFor(seconds(1));
    for (const RedisTime at : AllGranted(stores, 5, fleet, seconds(2))) sent.push_back(at);

    const auto most = static_cast<std::size_t>(rate.requests_per_second) +
                      static_cast<std::size_t>(rate.burst) - 1;
    EXPECT_LE(MostInASecond(sent), most) << rate.requests_per_second << " " << rate.burst;
    // And the budget is used: nearly all that the share allows.
    const double share = rate.requests_per_second * 0.75 * 0.9;
    EXPECT_GE(static_cast<double>(sent.size()), std::floor(share * 3.0)) << rate.burst;
  }
  EXPECT_EQ(failures_, 0);
}

TEST_F(FleetBudgetTest, M18_ARedisThatLosesItsDataOnTheWayKeepsIt) {
  RedisServer server;
  std::vector<std::unique_ptr<RedisFleetStore>> stores;
  for (int i = 0; i < 3; ++i) stores.push_back(ConnectedStore(server));
  const RateSettings rate{10, 3};
  const FleetRate fleet = FleetRateOf(rate, 0.25);
  std::vector<RedisTime> sent;

  for (int round = 0; round < 3; ++round) {
    for (RedisTime at : AllGranted(stores, 3, fleet, milliseconds(700))) sent.push_back(at);
    if (round == 0) server.Command({"FLUSHALL"});
    if (round == 1) {
      server.Restart();
      for (const auto& store : stores) {
        ASSERT_TRUE(Becomes([&] { return store->IsUsable(); }));
      }
    }
  }

  std::sort(sent.begin(), sent.end());
  EXPECT_LE(MostInASecond(sent), 12U);
  EXPECT_GE(sent.size(), 8U);
}

}  // namespace
}  // namespace balance
