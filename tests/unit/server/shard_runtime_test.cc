// A configuration that changes while the shard works.

#include "service/server/shard_runtime.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "clients/polysimulator/venue.h"
#include "tests/support/fake_socket.h"
#include "tests/support/fake_transport.h"
#include "tests/support/null_observer.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance {
namespace {

using std::chrono::seconds;

// Each is made in a piece of its own if the machine is slow, but at most 32 in one.
constexpr int kAccounts = 1000;
constexpr int kLeastPieces = kAccounts / 32;

class ShardRuntimeTest : public testing::Test {
 protected:
  ShardRuntimeTest() {
    EXPECT_GE(sodium_init(), 0);
    const auto make_transport = [this](boost::asio::io_context&) {
      auto transport = std::make_unique<FakeTransport>();
      transport_ = transport.get();
      return transport;
    };
    const auto make_connector = [this](boost::asio::io_context& loop) {
      auto connector = std::make_unique<FakeConnector>(loop);
      connector_ = connector.get();
      return connector;
    };
    runtime_ = std::make_unique<ShardRuntime>(make_transport, clock_, observer_,
                                              ShardRuntime::Push{make_connector, monitor_});
    for (int i = 0; i < kAccounts; ++i) {
      transport_->AnswerWith(200, polysimulator::samples::kOrdinary);
    }
  }

  ~ShardRuntimeTest() override { runtime_->Stop(); }

  static AccountConfig Account(int number, Duration ttl, const std::string& key_suffix) {
    AccountConfig account;
    account.id = "desk-" + std::to_string(number);
    SourceConfig& source = account.sources.emplace_back();
    source.info.account = account.id;
    source.info.source = "polysimulator";
    source.info.kind = polysimulator::kKind;
    source.info.fund_class = FundClass::kSimulatedMoney;
    source.info.cache = {ttl, seconds(5), seconds(600), Duration(1)};
    source.upstream.rate = {1000, 1000};
    source.venue = &polysimulator::TheVenue();
    source.login = {{.host = "localhost", .path_prefix = ""},
                    {},
                    std::make_shared<const Secret>("key-of-" + account.id + key_suffix)};
    return account;
  }

  static std::deque<AccountConfig> Accounts(Duration ttl, int first = 0,
                                            const std::string& key_suffix = "") {
    std::deque<AccountConfig> accounts;
    for (int i = first; i < first + kAccounts; ++i) {
      accounts.push_back(Account(i, ttl, key_suffix));
    }
    return accounts;
  }

  Changes Configure(const std::deque<AccountConfig>& accounts) {
    std::vector<const AccountConfig*> configured;
    for (const AccountConfig& account : accounts) configured.push_back(&account);
    return runtime_->Configure(configured, std::to_string(++epoch_));
  }

  AccountEndpoint Endpoint(int number) const {
    AccountDirectory directory;
    runtime_->AddTo(directory);
    return *directory.Find("desk-" + std::to_string(number));
  }

  // Status of the account's only source.
  static SourceStatus StatusOf(const AccountEndpoint& endpoint) {
    return endpoint.publisher->Get()->statuses.front();
  }

  static AccountRead Anew() { return {{.max_age = Duration::zero()}, {true}, SteadyTime::max()}; }

  // Has the account read anew, and waits for it.
  static void Read(const AccountEndpoint& endpoint) {
    std::promise<void> answered;
    endpoint.handle->Read(
        Anew(), [&](AccountAnswer) { answered.set_value(); }, [] {});
    answered.get_future().wait();
  }

  SystemClock clock_;
  NullObserver observer_;
  PushMonitor monitor_;
  FakeTransport* transport_ = nullptr;
  FakeConnector* connector_ = nullptr;
  int epoch_ = 0;
  std::unique_ptr<ShardRuntime> runtime_;
};

// Work of others that goes through the shard again and again, as calls do.
class Others {
 public:
  explicit Others(AccountEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  // Runs `on_turn` with the number of turns so far, on the shard.
  void Start(std::function<void(int)> on_turn) {
    on_turn_ = std::move(on_turn);
    Turn();
  }

  // Waits for the last turn.
  void Stop() {
    stopped_ = true;
    over_.get_future().wait();
  }

  int turns() const { return turns_; }

 private:
  void Turn() {
    endpoint_.handle->Read(
        {{.only_if_cached = true}, {true}, SteadyTime::max()},
        [this](AccountAnswer) {
          on_turn_(++turns_);
          if (stopped_) return over_.set_value();
          Turn();
        },
        [] {});
  }

  const AccountEndpoint endpoint_;
  std::function<void(int)> on_turn_;
  std::atomic<int> turns_ = 0;
  std::atomic<bool> stopped_ = false;
  std::promise<void> over_;
};

TEST_F(ShardRuntimeTest, M113_TheLoopServesOthersWhileAccountsAreMade) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  Others others(Endpoint(0));
  others.Start([](int) {});

  const int before = others.turns();
  const Changes changes = Configure(Accounts(seconds(50)));
  const int turns = others.turns() - before;
  others.Stop();

  EXPECT_EQ(changes.changed, kAccounts);
  EXPECT_GE(turns, kLeastPieces);
}

TEST_F(ShardRuntimeTest, M113_TheLoopServesOthersWhileAccountsAreAddedAndRemoved) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  Others others(Endpoint(0));
  others.Start([](int) {});

  const int before = others.turns();
  const Changes changes = Configure(Accounts(seconds(60), kAccounts));
  const int turns = others.turns() - before;
  others.Stop();

  EXPECT_EQ(changes.added, kAccounts);
  EXPECT_EQ(changes.removed, kAccounts);
  EXPECT_GE(turns, kLeastPieces);
}

// Nobody is shown less after a reload than before it. Two accounts are read as soon as the first
// ones have been made: in whatever order that is done, one of the two is among the first and the
// other among the last.
TEST_F(ShardRuntimeTest, M113_WhatIsReadWhileAccountsAreMadeIsKept) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  const std::vector<int> read = {0, kAccounts - 1};
  std::map<int, AccountEndpoint> endpoints;
  std::map<int, SteadyTime> observed_before;
  for (const int number : read) {
    endpoints[number] = Endpoint(number);
    Read(endpoints[number]);
    ASSERT_TRUE(StatusOf(endpoints[number]).reading)
        << (StatusOf(endpoints[number]).failure ? StatusOf(endpoints[number]).failure->error.message
                                                : "no failure");
    observed_before[number] = StatusOf(endpoints[number]).reading->observe_steady;
  }
  std::atomic<int> answered = 0;
  const auto accounts = Accounts(seconds(50));
  // An account that is made keeps its secrets.
  const auto is_made = [&accounts](int number) {
    const SourceConfig& source = accounts[static_cast<std::size_t>(number)].sources.front();
    return source.login.secret.use_count() > 1;
  };
  bool has_read = false;
  Others others(Endpoint(1));
  others.Start([&](int) {
    if (has_read || std::none_of(read.begin(), read.end(), is_made)) return;
    has_read = true;
    for (const auto& [number, endpoint] : endpoints) {
      endpoint.handle->Read(
          Anew(), [&](AccountAnswer) { ++answered; }, [] {});
    }
  });
  Configure(accounts);
  EXPECT_EQ(answered, 2) << "they were not read in time";
  others.Stop();

  for (const int number : read) {
    const SourceStatus after = StatusOf(Endpoint(number));
    ASSERT_TRUE(after.reading);
    EXPECT_GT(after.reading->observe_steady, observed_before[number]);
    EXPECT_EQ(after.info->cache.ttl, seconds(50));
  }
}

TEST_F(ShardRuntimeTest, M113_TheLoopServesOthersWhileThousandSocketsAreBegunAndEnded) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  Others others(Endpoint(0));
  others.Start([](int) {});
  auto pushed = Accounts(seconds(60));
  for (AccountConfig& account : pushed) {
    account.sources.front().info.push = {true, seconds(60)};
  }

  const int before = others.turns();
  Configure(pushed);
  const int turns_begun = others.turns() - before;
  EXPECT_EQ(StatusOf(Endpoint(7)).feed(), FeedState::kPushDown);
  Configure(Accounts(seconds(60)));
  const int turns_ended = others.turns() - before - turns_begun;
  others.Stop();

  EXPECT_GE(turns_begun, 2 * kLeastPieces) << "they are made, and then they listen";
  EXPECT_GE(turns_ended, 2 * kLeastPieces);
  EXPECT_EQ(StatusOf(Endpoint(7)).feed(), FeedState::kPoll);
}

TEST_F(ShardRuntimeTest, EveryReloadHasSocketsJudgedByTheCasAsTheyAre) {
  Configure(Accounts(seconds(60)));
  const int before = connector_->renewals;

  Configure(Accounts(seconds(60)));

  EXPECT_EQ(connector_->renewals, before + 1);
}

TEST_F(ShardRuntimeTest, AccountsThatDoNotDifferAreNotMadeAgain) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  const auto before = Endpoint(7).publisher;

  const Changes changes = Configure(Accounts(seconds(60)));

  EXPECT_EQ(changes.added + changes.changed + changes.removed, 0);
  EXPECT_EQ(Endpoint(7).publisher, before);
}

TEST_F(ShardRuntimeTest, TwoConfigurationsInARowLeaveTheLastOne) {
  Configure(Accounts(seconds(60)));
  runtime_->Start();
  Configure(Accounts(seconds(50)));
  Configure(Accounts(seconds(40), 0, "new"));

  EXPECT_EQ(StatusOf(Endpoint(3)).info->cache.ttl, seconds(40));
  EXPECT_TRUE(runtime_->IsBeating(seconds(5)));
}

}  // namespace
}  // namespace balance
