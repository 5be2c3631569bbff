// Replicas that read one login through one Redis: sources as a feed uses them, over real stores.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "clients/redis/redis_fleet_store.h"
#include "clients/redis/reserve_budget.h"
#include "clients/redis/shared_source.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr RateSettings kRate{10, 2};
constexpr double kReserve = 0.25;
constexpr int kReplicas = 4;
constexpr Duration kTtl = milliseconds(250);

// The upstream of all replicas: counts its requests, and answers each with their number.
struct Upstream {
  std::vector<SteadyTime> sent;
  bool fails = false;
};

class UpstreamSource final : public BalanceSource {
 public:
  UpstreamSource(Upstream& upstream, Clock& clock) : upstream_(upstream), clock_(clock) {}

  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override {
    const Now now = clock_.Time();
    context.progress->NoteSent(now);
    upstream_.sent.push_back(now.steady);
    const std::string number = std::to_string(upstream_.sent.size());
    co_await clock_.SleepUntil(now.steady + milliseconds(10));
    if (upstream_.fails) co_return Fail(ErrorKind::kUpstreamError, "no");
    Reading reading;
    CurrencyBalance& balance = reading.balances.emplace_back();
    balance.currency_code = "USD";
    balance.cash = Amount{*Decimal::Parse(number), AmountOrigin::kReported, "currentBalance"};
    reading.observe_time = now.wall;
    reading.observe_steady = now.steady;
    reading.receive_time = clock_.WallNow();
    co_return reading;
  }

 private:
  Upstream& upstream_;
  Clock& clock_;
};

class SharedFleetTest : public RedisTest {
 protected:
  struct Replica {
    std::shared_ptr<RedisFleetStore> store;
    std::unique_ptr<SharedSource> source;
    // Times and numbers of what it was given.
    std::vector<std::pair<SteadyTime, int>> readings;
    int errors = 0;
  };

  SharedFleetTest() {
    for (int i = 0; i < kReplicas; ++i) {
      auto& replica = *replicas_.emplace_back(std::make_unique<Replica>());
      replica.store = ConnectedStore(server_);
      SharedSource::Settings settings;
      settings.names = NamesOfKey("key");
      settings.owner = "replica " + std::to_string(i);
      settings.rate = FleetRateOf(kRate, kReserve);
      settings.min_refresh_interval = kTtl / 2;
      settings.refresh_budget = seconds(1);
      settings.time_to_live = minutes(1);
      replica.source = std::make_unique<SharedSource>(
          loop_.get_executor(), std::make_unique<UpstreamSource>(upstream_, clock_), replica.store,
          std::make_shared<ReserveBudget>(kRate, kReserve, kReplicas,
                                          SeededRandom(static_cast<std::uint64_t>(100 + i))),
          std::make_shared<FleetLogin>(FleetRateOf(kRate, kReserve).interval, kRate.burst,
                                       std::make_shared<const std::atomic<bool>>(true)),
          std::move(settings), SeededRandom(static_cast<std::uint64_t>(200 + i)), clock_);
    }
    EXPECT_TRUE(Becomes([&] {
      return std::all_of(replicas_.begin(), replicas_.end(),
                         [](const auto& replica) { return replica->store->IsListening(); });
    }));
  }

  // Reads as a feed does whose readers always want a reading within its TTL.
  boost::asio::awaitable<void> ReadOn(Replica& replica, SteadyTime until, int& running) {
    while (clock_.SteadyNow() < until) {
      FetchProgress progress;
      progress.wanted = ObservedSince{clock_.SteadyNow() - kTtl};
      FetchContext context{clock_.SteadyNow() + seconds(3), &progress};
      auto result = co_await replica.source->Fetch(context);
      if (result) {
        const int number = std::stoi(CashOf(*result));
        replica.readings.emplace_back(result->observe_steady, number);
        co_await clock_.SleepUntil(result->observe_steady + kTtl);
      } else {
        ++replica.errors;
        co_await clock_.SleepUntil(clock_.SteadyNow() + milliseconds(20));
      }
    }
    --running;
  }

  // All replicas read for so long.
  void Read(Duration length) {
    int running = kReplicas;
    const SteadyTime until = clock_.SteadyNow() + length;
    for (const auto& replica : replicas_) {
      boost::asio::co_spawn(loop_, ReadOn(*replica, until, running),
                            [](std::exception_ptr failure) {
                              if (failure) std::rethrow_exception(failure);
                            });
    }
    EXPECT_TRUE(Becomes([&] { return running == 0; }));
  }

  std::size_t MostInASecond() const {
    const auto& sent = upstream_.sent;
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
      while (sent[last] - sent[first] >= seconds(1)) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }

  // Nobody is given a figure for another request's, and nobody goes back.
  void ExpectTrueFigures() const {
    for (const auto& replica : replicas_) {
      int before = 0;
      for (const auto& [observed, number] : replica->readings) {
        ASSERT_GE(number, before);
        before = number;
        const SteadyTime sent = upstream_.sent.at(static_cast<std::size_t>(number) - 1);
        EXPECT_LE(observed, sent + milliseconds(100)) << number;
        EXPECT_GE(observed, sent - milliseconds(200)) << number;
      }
    }
  }

  RedisServer server_;
  Upstream upstream_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

TEST_F(SharedFleetTest, M18_OneRequestATtlReachesTheUpstream) {
  Read(seconds(4));

  const auto ttls = static_cast<std::size_t>(seconds(4) / kTtl);
  EXPECT_LE(upstream_.sent.size(), ttls + 2);
  EXPECT_GE(upstream_.sent.size(), ttls / 2);
  for (const auto& replica : replicas_) {
    EXPECT_EQ(replica->errors, 0);
    EXPECT_GE(replica->readings.size(), ttls / 2);
  }
  EXPECT_LE(MostInASecond(), 11U);
  ExpectTrueFigures();
  EXPECT_TRUE(faults_.faults().empty());
}

TEST_F(SharedFleetTest, M18_RedisIsKilledAndComesBackEmpty) {
  Read(seconds(1));
  server_.Kill();
  Read(seconds(3));
  const std::size_t before = upstream_.sent.size();
  server_.Restart();
  ASSERT_TRUE(Becomes([&] {
    return std::all_of(replicas_.begin(), replicas_.end(),
                       [](const auto& replica) { return replica->store->IsUsable(); });
  }));
  Read(seconds(2));

  EXPECT_GT(upstream_.sent.size(), before);
  // The ceiling, and one for each that was cut off.
  EXPECT_LE(MostInASecond(), 11U + kReplicas);
  ExpectTrueFigures();
}

TEST_F(SharedFleetTest, M18_AnUpstreamThatFailsIsAskedAsRarely) {
  upstream_.fails = true;

  Read(seconds(3));

  EXPECT_LE(MostInASecond(), 11U);
  EXPECT_GE(upstream_.sent.size(), 5U);
  for (const auto& replica : replicas_) EXPECT_GT(replica->errors, 0);
}

}  // namespace
}  // namespace balance
