#pragma once

// What tests against real Redis servers share: a loop on real time, and a login in Redis.

#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/redis_server.h"

namespace balance {

// Counts what could not be used.
class FaultCounter final : public FleetObserver {
 public:
  void OnBadValue(StoredValueFault fault) override { faults_.push_back(fault); }

  const std::vector<StoredValueFault>& faults() const { return faults_; }

 private:
  std::vector<StoredValueFault> faults_;
};

class RedisTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{20};

  RedisTest() { EXPECT_GE(sodium_init(), 0); }

  static std::shared_ptr<const Secret> SecretOf(const std::string& text) {
    return std::make_shared<const Secret>(text);
  }

  static Seal SealOf(char filler) { return Seal(SecretOf(std::string(32, filler))); }

  // Settings that allow for a machine that is busy.
  static RedisSettings SettingsOf(HostPort address) {
    RedisSettings settings;
    settings.address = std::move(address);
    settings.operation_timeout = std::chrono::seconds(2);
    settings.connect_timeout = std::chrono::seconds(5);
    return settings;
  }

  std::unique_ptr<RedisFleetStore> MakeStore(RedisSettings settings, char key = 'k') {
    return std::make_unique<RedisFleetStore>(loop_, clock_, SeededRandom(++seed_),
                                             std::move(settings), SealOf(key), faults_);
  }

  // A store that can be used.
  std::unique_ptr<RedisFleetStore> ConnectedStore(const RedisServer& server, char key = 'k') {
    auto store = MakeStore(SettingsOf(server.address()), key);
    EXPECT_TRUE(Becomes([&] { return store->IsUsable(); })) << ReasonOf(*store);
    return store;
  }

  static std::string ReasonOf(const RedisFleetStore& store) {
    return store.health().reason() ? store.health().reason()->message : "no reason";
  }

  // Runs the loop until `condition` holds; false if it does not in time.
  bool Becomes(const std::function<bool()>& condition, Duration patience = kPatience) {
    const SteadyTime end = clock_.SteadyNow() + patience;
    while (!condition()) {
      if (clock_.SteadyNow() > end) return false;
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  // Lets the loop work for so long.
  void RunFor(Duration length) {
    const SteadyTime end = clock_.SteadyNow() + length;
    Becomes([&] { return clock_.SteadyNow() >= end; });
  }

  // Runs the loop until the coroutine has ended.
  template <typename T>
  T Await(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(loop_, Keep(std::move(work), result), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    EXPECT_TRUE(Becomes([&] { return result.has_value(); }));
    return *std::move(result);
  }

  template <typename T>
  static boost::asio::awaitable<void> Keep(boost::asio::awaitable<T> work,
                                           std::optional<T>& result) {
    result.emplace(co_await std::move(work));
  }

  LoginNames NamesOfKey(const std::string& key_id, const std::string& secret = "secret") {
    return NamesOf({"venue", "https://a.example", key_id, *SecretOf(secret)});
  }

  // Asks for something that is newer than all there is, at a rate that stands in nobody's way.
  AcquireRequest Request(const LoginNames& names, std::string owner = "owner") {
    AcquireRequest request{.login = names, .owner = std::move(owner)};
    request.observed_from = clock_.SteadyNow();
    request.rate = {std::chrono::microseconds(1), std::chrono::microseconds(0)};
    request.lease = std::chrono::seconds(30);
    return request;
  }

  // One that any reading satisfies.
  AcquireRequest AnyReading(const LoginNames& names) {
    AcquireRequest request = Request(names);
    request.observed_from = SteadyTime::min();
    return request;
  }

  // Asks, and again at its turn if that is soon.
  RedisResult<Acquired> Settled(FleetStore& store, const AcquireRequest& request) {
    while (true) {
      auto acquired = Await(store.Acquire(request));
      const auto* const later = acquired ? std::get_if<OutOfTurn>(&*acquired) : nullptr;
      if (!later || later->send_at > clock_.SteadyNow() + std::chrono::seconds(5)) return acquired;
      RunFor(later->send_at - clock_.SteadyNow() + std::chrono::milliseconds(1));
    }
  }

  Reading ReadingOf(const std::string& cash) {
    Reading reading;
    CurrencyBalance& balance = reading.balances.emplace_back();
    balance.currency_code = "USD";
    balance.cash = Amount{*Decimal::Parse(cash), AmountOrigin::kReported, "currentBalance"};
    reading.observe_steady = clock_.SteadyNow();
    reading.observe_time = clock_.WallNow();
    reading.receive_time = reading.observe_time + std::chrono::milliseconds(5);
    reading.request_id = "request-1";
    return reading;
  }

  StoreRequest Storing(const LoginNames& names, std::variant<Reading, Error> result,
                       std::optional<Granted> grant = std::nullopt) {
    StoreRequest request{names, std::move(result), std::move(grant)};
    request.sent = clock_.SteadyNow();
    request.time_to_live = std::chrono::minutes(1);
    return request;
  }

  static std::string CashOf(const Reading& reading) {
    if (reading.balances.size() != 1 || !reading.balances[0].cash) return "none";
    return reading.balances[0].cash->value.ToString();
  }

  // Cash of the reading that was acquired; else which of the outcomes it is, or the error.
  static std::string Told(const RedisResult<Acquired>& acquired) {
    if (!acquired) return "error: " + acquired.error().message;
    if (const auto* reading = std::get_if<FleetReading>(&*acquired))
      return CashOf(reading->reading);
    static const char* const kNames[] = {"reading", "failure", "granted",
                                         "busy",    "later",   "held off"};
    return kNames[acquired->index()];
  }

  // The kind of the error, by name; "fine" if there is none.
  template <typename T>
  static std::string KindOf(const RedisResult<T>& result) {
    if (result) return "fine";
    return std::string(kRedisErrorNames[static_cast<std::size_t>(result.error().kind)]);
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  FaultCounter faults_;
  std::uint64_t seed_ = 0;
};

}  // namespace balance
