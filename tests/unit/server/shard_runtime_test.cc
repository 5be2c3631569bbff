// A configuration that changes while the shard works.

#include "service/server/shard_runtime.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_transport.h"
#include "tests/support/null_observer.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
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
    runtime_ = std::make_unique<ShardRuntime>(make_transport, clock_, observer_);
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
    source.info.kind = SourceKind::kPolySimulator;
    source.info.fund_class = FundClass::kSimulatedMoney;
    source.info.cache = {ttl, seconds(5), seconds(600), Duration(1)};
    source.upstream.rate = {1000, 1000};
    source.login =
        PolySimulatorLogin{{.host = "localhost", .path_prefix = ""},
                           std::make_shared<const Secret>("key of " + account.id + key_suffix)};
    return account;
  }

  Changes Configure(Duration ttl, int first = 0, const std::string& key_suffix = "") {
    std::deque<AccountConfig> accounts;
    std::vector<const AccountConfig*> configured;
    for (int i = first; i < first + kAccounts; ++i) {
      configured.push_back(&accounts.emplace_back(Account(i, ttl, key_suffix)));
    }
    return runtime_->Configure(configured, std::to_string(++epoch_));
  }

  AccountEndpoint Endpoint(int number) const {
    AccountDirectory directory;
    runtime_->AddTo(directory);
    return *directory.Find("desk-" + std::to_string(number));
  }

  // What is known of the account's only source.
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
  FakeTransport* transport_ = nullptr;
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
  Configure(seconds(60));
  runtime_->Start();
  Others others(Endpoint(0));
  others.Start([](int) {});

  const int before = others.turns();
  const Changes changes = Configure(seconds(50));
  const int turns = others.turns() - before;
  others.Stop();

  EXPECT_EQ(changes.changed, kAccounts);
  EXPECT_GE(turns, kLeastPieces);
}

TEST_F(ShardRuntimeTest, M113_TheLoopServesOthersWhileAccountsAreAddedAndRemoved) {
  Configure(seconds(60));
  runtime_->Start();
  Others others(Endpoint(0));
  others.Start([](int) {});

  const int before = others.turns();
  const Changes changes = Configure(seconds(60), kAccounts);
  const int turns = others.turns() - before;
  others.Stop();

  EXPECT_EQ(changes.added, kAccounts);
  EXPECT_EQ(changes.removed, kAccounts);
  EXPECT_GE(turns, kLeastPieces);
}

// Nobody is shown less after a reload than before it.
TEST_F(ShardRuntimeTest, M113_WhatIsReadWhileAccountsAreMadeIsKept) {
  Configure(seconds(60));
  runtime_->Start();
  const AccountEndpoint first = Endpoint(0);
  const AccountEndpoint last = Endpoint(kAccounts - 1);
  Read(first);
  Read(last);
  std::shared_ptr<const Reading> before_first = StatusOf(first).reading;
  std::shared_ptr<const Reading> before_last = StatusOf(last).reading;
  std::promise<void> read;
  std::atomic<int> open = 2;
  const auto on_answer = [&](AccountAnswer) {
    if (--open == 0) read.set_value();
  };
  Others others(Endpoint(1));
  // Some accounts are made by the third turn, the last of all not yet: one of the two has been made
  // already, in whatever order that is done.
  std::atomic<int> turns_of_reload = -1;
  others.Start([&](int) {
    if (turns_of_reload < 0 || ++turns_of_reload != 3) return;
    for (const AccountEndpoint& endpoint : {first, last}) {
      endpoint.handle->Read(Anew(), on_answer, [] {});
    }
  });
  turns_of_reload = 0;
  Configure(seconds(50));
  others.Stop();
  read.get_future().wait();

  for (const auto& [number, before] : {std::pair(0, before_first), {kAccounts - 1, before_last}}) {
    const SourceStatus after = StatusOf(Endpoint(number));
    ASSERT_TRUE(after.reading);
    EXPECT_GT(after.reading->observe_steady, before->observe_steady);
    EXPECT_EQ(after.info->cache.ttl, seconds(50));
  }
}

TEST_F(ShardRuntimeTest, AccountsThatDoNotDifferAreNotMadeAgain) {
  Configure(seconds(60));
  runtime_->Start();
  const auto before = Endpoint(7).publisher;

  const Changes changes = Configure(seconds(60));

  EXPECT_EQ(changes.added + changes.changed + changes.removed, 0);
  EXPECT_EQ(Endpoint(7).publisher, before);
}

TEST_F(ShardRuntimeTest, TwoConfigurationsInARowLeaveTheLastOne) {
  Configure(seconds(60));
  runtime_->Start();
  Configure(seconds(50));
  Configure(seconds(40), 0, "new");

  EXPECT_EQ(StatusOf(Endpoint(3)).info->cache.ttl, seconds(40));
  EXPECT_TRUE(runtime_->IsBeating(seconds(5)));
}

}  // namespace
}  // namespace balance
