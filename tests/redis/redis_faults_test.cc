// A Redis that is away, slow, full or somebody else: every operation ends in time with its reason,
// what was asked of it in vain has no effect, and it is used again when it is back.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/fixed_answer.h"
#include "tests/redis/late_replies.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RedisFaultsTest : public RedisTest {
 protected:
  // As a user has them.
  static RedisSettings Usual(HostPort address) {
    RedisSettings settings;
    settings.address = std::move(address);
    return settings;
  }

  std::string Acquire(RedisFleetStore& store, const LoginNames& login) {
    const auto acquired = Settled(store, Request(login));
    return acquired ? Told(acquired) : KindOf(acquired);
  }

  // Number of scripts that the server has run by their digest.
  static int ScriptsRun(const RedisServer& server) {
    const std::string stats = server.Command({"INFO", "commandstats"}).text;
    const std::string name = "cmdstat_evalsha:calls=";
    const auto place = stats.find(name);
    return place == std::string::npos ? 0 : std::stoi(stats.substr(place + name.size()));
  }

  bool ComesBack(RedisFleetStore& store) {
    return Becomes([&] { return store.IsUsable(); });
  }

  const LoginNames login_ = NamesOfKey("key");
};

TEST_F(RedisFaultsTest, M35_RedisIsRefused) {
  HostPort nowhere;
  {
    const RedisServer server;
    nowhere = server.address();
  }
  const auto store = MakeStore(Usual(nowhere));

  ASSERT_TRUE(Becomes([&] { return store->health().reason().has_value(); }));

  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kUnreachable);
  EXPECT_FALSE(store->IsUsable());
  EXPECT_EQ(Acquire(*store, login_), "AWAY");
}

TEST_F(RedisFaultsTest, M35_AFrozenRedisCostsThreeTimeOutsAndThenNothing) {
  RedisServer server;
  auto settings = Usual(server.address());
  settings.operation_timeout = milliseconds(100);
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  server.Freeze();

  int timed_out = 0;
  for (int i = 0; i < 1000; ++i) {
    const SteadyTime begun = clock_.SteadyNow();
    const std::string told = Acquire(*store, login_);
    ASSERT_TRUE(told == "TIMED_OUT" || told == "AWAY") << told;
    timed_out += told == "TIMED_OUT";
    ASSERT_LT(clock_.SteadyNow() - begun, seconds(1));
  }

  EXPECT_GE(timed_out, 1);
  EXPECT_LE(timed_out, 3);
  server.Thaw();
  ASSERT_TRUE(ComesBack(*store));
  EXPECT_TRUE(Becomes([&] { return Acquire(*store, login_) == "granted"; }));
}

// As at a start with many accounts. A busy Redis is not away: no command waits for the whole burst.
TEST_F(RedisFaultsTest, M35_ABurstOfLoginsIsNoFaultOfRedis) {
  constexpr int kLogins = 10'000;
  const RedisServer server;
  // What came of each, and how many times.
  const auto burst = [&](FleetStore& store, const std::string& prefix) {
    std::vector<std::optional<RedisResult<Acquired>>> results(kLogins);
    int ended = 0;
    for (int i = 0; i < kLogins; ++i) {
      boost::asio::co_spawn(loop_,
                            Keep(store.Acquire(Request(NamesOfKey(prefix + std::to_string(i)))),
                                 results[static_cast<std::size_t>(i)]),
                            [&](std::exception_ptr) { ++ended; });
    }
    EXPECT_TRUE(Becomes([&] { return ended == kLogins; }));
    std::map<std::string, int> told;
    for (const auto& result : results) ++told[*result ? Told(*result) : KindOf(*result)];
    return told;
  };
  auto settings = Usual(server.address());
  settings.operation_timeout = seconds(20);
  const auto patient = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*patient));
  const SteadyTime begun = clock_.SteadyNow();
  // Those that Redis is asked for late may be granted.
  const auto answered = [](std::map<std::string, int>& told) {
    return told["later"] + told["granted"];
  };
  auto told = burst(*patient, "patient ");
  ASSERT_EQ(answered(told) + told["AWAY"], kLogins);
  const Duration took = clock_.SteadyNow() - begun;

  // Less than the burst takes on this machine, and more than that keeps Redis waiting.
  settings.operation_timeout = std::max<Duration>(took / 3, milliseconds(200));
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  told = burst(*store, "key ");

  std::string summary;
  for (const auto& [what, count] : told) summary += what + " " + std::to_string(count) + ", ";
  summary += "the patient ones took " + std::to_string(took / milliseconds(1)) + " ms";
  RecordProperty("told", summary);
  // Some queue for too long: Redis is away for them, and for nobody else.
  EXPECT_EQ(answered(told) + told["AWAY"], kLogins) << summary;
  EXPECT_GE(answered(told), kLogins / 10) << summary;
  EXPECT_EQ(store->health().failures(RedisErrorKind::kTimedOut), 0U);
  EXPECT_EQ(store->health().times_opened(), 0U);
  EXPECT_TRUE(store->IsUsable());
}

TEST_F(RedisFaultsTest, M35_WhatQueuesWhenRedisIsLostFailsAtOnce) {
  constexpr std::size_t kLogins = 1'000;
  RedisServer server;
  auto settings = Usual(server.address());
  settings.operation_timeout = milliseconds(100);
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  server.Freeze();
  std::vector<std::optional<RedisResult<Acquired>>> results(kLogins);
  std::size_t ended = 0;

  for (std::size_t i = 0; i < kLogins; ++i) {
    boost::asio::co_spawn(loop_, Keep(store->Acquire(Request(login_)), results[i]),
                          [&](std::exception_ptr) { ++ended; });
  }
  ASSERT_TRUE(Becomes([&] { return ended == kLogins; }));

  std::map<std::string, std::size_t> told;
  for (const auto& result : results) ++told[KindOf(*result)];
  EXPECT_EQ(told["TIMED_OUT"] + told["AWAY"], kLogins);
  EXPECT_GE(told["TIMED_OUT"], 1U);
  EXPECT_LT(told["TIMED_OUT"], kLogins / 2);
  EXPECT_LE(store->health().failures(RedisErrorKind::kTimedOut), 2U);
}

TEST_F(RedisFaultsTest, M35_WhatAFrozenRedisRunsWhenItThawsHasNoEffect) {
  RedisServer server;
  auto settings = Usual(server.address());
  settings.operation_timeout = milliseconds(300);
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  RateNews news{.login = login_};
  news.is_accepted = true;
  ASSERT_TRUE(Await(store->Rate(news)));
  const int ran = ScriptsRun(server);
  server.Freeze();

  news.pause = minutes(1);
  ASSERT_FALSE(Await(store->Rate(news)));
  server.Thaw();

  // It runs what had come before the connection was closed.
  ASSERT_TRUE(Becomes([&] { return ScriptsRun(server) > ran; }));
  EXPECT_EQ(server.Command({"EXISTS", login_.pause}).integer, 0);
}

// The same with all three scripts, and a client that waits for the answers.
TEST_F(RedisFaultsTest, M39_AScriptAfterItsDeadlineDoesNothing) {
  const RedisServer server;
  auto dialer = std::make_shared<RedisDialer>(loop_, clock_, SettingsOf(server.address()));
  auto primary = Await(dialer->Open(clock_.SteadyNow() + seconds(5)));
  ASSERT_TRUE(primary);
  const std::string past =
      std::to_string((primary->clock.redis - milliseconds(1)).time_since_epoch().count());
  for (const RedisScript* script : {&AcquireScript(), &StoreScript(), &RateScript()}) {
    RedisPipeline command;
    command.Add({"EVAL", script->text, "5", login_.reading, login_.lease, login_.bucket,
                 login_.pause, login_.hold_off, past});

    const auto replies =
        Await(primary->connection->Call(std::move(command), clock_.SteadyNow() + seconds(5)));

    ASSERT_TRUE(replies);
    ASSERT_EQ(replies->front().elements.size(), 3U) << replies->front().text;
    EXPECT_EQ(replies->front().elements[0].text, "LATE");
  }
  EXPECT_EQ(server.Command({"DBSIZE"}).integer, 0);
}

TEST_F(RedisFaultsTest, M35_RedisIsKilledAndRestartedEmpty) {
  RedisServer server;
  const auto store = ConnectedStore(server);
  const auto grant = Settled(*store, Request(login_));
  ASSERT_EQ(Told(grant), "granted");
  ASSERT_TRUE(Await(store->Store(Storing(login_, ReadingOf("1"), std::get<Granted>(*grant)))));
  int heard = 0;
  const auto listening = store->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));

  server.Kill();
  ASSERT_TRUE(Becomes([&] { return !store->IsUsable(); }));
  EXPECT_EQ(Acquire(*store, login_), "AWAY");
  server.Restart();
  ASSERT_TRUE(ComesBack(*store));

  EXPECT_EQ(Told(Settled(*store, AnyReading(login_))), "granted");
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));
  ASSERT_TRUE(Await(store->Store(Storing(login_, ReadingOf("2")))));
  EXPECT_TRUE(Becomes([&] { return heard == 1; }));
}

TEST_F(RedisFaultsTest, M18_TheBucketOfAnotherRedisIsEmpty) {
  RedisServer server;
  auto store = ConnectedStore(server);
  AcquireRequest request = Request(login_);
  request.rate = {milliseconds(100), milliseconds(900)};
  ASSERT_EQ(Told(Settled(*store, request)), "granted");
  // As a copy of before has it, or one of another machine.
  const RedisReply copy = server.Command({"DUMP", login_.bucket});
  server.Restart();
  server.Command({"RESTORE", login_.bucket, "100000", copy.text});
  store = ConnectedStore(server);
  RunFor(seconds(1));
  const SteadyTime asked = clock_.SteadyNow();

  const auto first = Await(store->Acquire(request));

  ASSERT_EQ(Told(first), "later");
  EXPECT_GE(std::get<OutOfTurn>(*first).send_at, asked + milliseconds(100));
}

// Its clock may be minutes off the other one's: an old figure would pass for a new one.
TEST_F(RedisFaultsTest, M35_WhatAnotherRedisObservedIsAMiss) {
  RedisServer server;
  auto store = ConnectedStore(server);
  const auto grant = Settled(*store, Request(login_));
  ASSERT_TRUE(Await(store->Store(Storing(login_, ReadingOf("1"), std::get<Granted>(*grant)))));
  Error error{ErrorKind::kUpstreamError, "no"};
  ASSERT_TRUE(Await(
      store->Store(Storing(login_, error, std::get<Granted>(*Settled(*store, Request(login_)))))));
  const RedisReply copy = server.Command({"DUMP", login_.reading});
  server.Restart();
  server.Command({"RESTORE", login_.reading, "100000", copy.text});
  store = ConnectedStore(server);
  AcquireRequest any = AnyReading(login_);
  any.failed_from = clock_.SteadyNow() - minutes(1);

  EXPECT_EQ(Told(Settled(*store, any)), "granted");

  // Nor does it stand in the way of what is observed now, if that seems older.
  Reading reading = ReadingOf("2");
  reading.observe_steady = clock_.SteadyNow() - minutes(1);
  EXPECT_TRUE(Await(store->Store(Storing(login_, reading))));
  EXPECT_EQ(Told(Settled(*store, any)), "2");
}

TEST_F(RedisFaultsTest, M35_AGrantOfAnotherRedisTellsNoTimeOfThisOne) {
  RedisServer server;
  const auto store = ConnectedStore(server);
  const auto grant = Settled(*store, Request(login_));
  ASSERT_EQ(Told(grant), "granted");
  server.Restart();
  ASSERT_TRUE(Becomes([&] { return Acquire(*store, NamesOfKey("other key")) == "granted"; }));

  const auto stored =
      Await(store->Store(Storing(login_, ReadingOf("1"), std::get<Granted>(*grant))));

  EXPECT_EQ(KindOf(stored), "AWAY");
  EXPECT_EQ(server.Command({"EXISTS", login_.reading}).integer, 0);
}

TEST_F(RedisFaultsTest, M35_AFullRedisIsAwayForWhatItRefuses) {
  const RedisServer server;
  const auto store = ConnectedStore(server);
  const auto grant = Settled(*store, Request(login_));
  ASSERT_TRUE(Await(store->Store(Storing(login_, ReadingOf("1"), std::get<Granted>(*grant)))));
  server.Command({"CONFIG", "SET", "maxmemory", "1"});

  // What it still can do, it does.
  EXPECT_EQ(Told(Settled(*store, AnyReading(login_))), "1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Acquire(*store, login_), "FULL");
  EXPECT_TRUE(Becomes([&] { return Acquire(*store, login_) == "AWAY"; }));
  EXPECT_TRUE(store->health().is_connected());
  EXPECT_GE(store->health().failures(RedisErrorKind::kFull), 3U);

  server.Command({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(Becomes([&] { return Acquire(*store, login_) == "granted"; }));
}

TEST_F(RedisFaultsTest, M38_ALeaseEndsAndTheOthersHearEvenIfRedisIsFull) {
  const RedisServer server;
  const auto store = ConnectedStore(server);
  const auto grant = Settled(*store, Request(login_));
  int heard = 0;
  const auto listening = store->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));
  server.Command({"CONFIG", "SET", "maxmemory", "1"});

  // Once it has written, as it did to end the lease, a script may write on.
  EXPECT_EQ(KindOf(Await(store->Store(Storing(login_, ReadingOf("1"), std::get<Granted>(*grant))))),
            "fine");

  EXPECT_TRUE(Becomes([&] { return heard == 1; }));
  EXPECT_EQ(server.Command({"EXISTS", login_.lease}).integer, 0);
  EXPECT_EQ(Told(Settled(*store, AnyReading(login_))), "1");
}

TEST_F(RedisFaultsTest, M38_WhatAFullRedisDoesNotKeepTheOthersHear) {
  const RedisServer server;
  const auto store = ConnectedStore(server);
  std::vector<std::string> heard;
  const auto listening = store->Subscribe(login_, [&](const FleetNews& news) {
    heard.push_back(CashOf(std::get<FleetReading>(news).reading));
  });
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));
  server.Command({"CONFIG", "SET", "maxmemory", "1"});

  // Without a lease that ends.
  EXPECT_EQ(KindOf(Await(store->Store(Storing(login_, ReadingOf("1"))))), "FULL");

  ASSERT_TRUE(Becomes([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{"1"});
  EXPECT_EQ(server.Command({"EXISTS", login_.reading}).integer, 0);
}

TEST_F(RedisFaultsTest, M35_APrimaryThatBecomesAReplicaIsLeft) {
  const RedisServer other;
  const RedisServer server;
  const auto store = ConnectedStore(server);

  server.Command({"REPLICAOF", "127.0.0.1", std::to_string(other.address().port)});
  ASSERT_TRUE(Becomes([&] {
    const std::string told = Acquire(*store, login_);
    return told == "REPLICA" || told == "AWAY";
  }));

  ASSERT_TRUE(Becomes([&] {
    return store->health().reason() && store->health().reason()->kind == RedisErrorKind::kReplica &&
           !store->health().is_connected();
  }));
  server.Command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(Becomes([&] { return Acquire(*store, login_) == "granted"; }));
}

TEST_F(RedisFaultsTest, M35_ARedisThatIsLoadingIsLeftAloneUntilItIsDone) {
  // Loading takes 20 ms a key.
  RedisServer server({{"key-load-delay 20000", "loading-process-events-interval-bytes 1024"}});
  const std::string value(2000, 'x');
  for (int i = 0; i < 100; ++i) server.Command({"SET", "key" + std::to_string(i), value});
  server.Command({"SAVE"});
  server.Restart();
  ASSERT_NE(server.Command({"INFO", "persistence"}).text.find("loading:1"), std::string::npos);

  const auto store = MakeStore(SettingsOf(server.address()));
  ASSERT_TRUE(Becomes([&] { return store->health().reason().has_value(); }));

  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kLoading);
  EXPECT_TRUE(Becomes([&] { return Acquire(*store, login_) == "granted"; }));
}

TEST_F(RedisFaultsTest, TheRightsOfTheUserSufficeForAllThatIsDone) {
  const RedisServer server({{"user balance on >good " + std::string(kRedisAcl)}});
  auto settings = SettingsOf(server.address());
  settings.login = {"balance", SecretOf("good")};
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  int heard = 0;
  auto listening = store->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));

  for (const auto& result :
       {std::variant<Reading, Error>(ReadingOf("1")),
        std::variant<Reading, Error>(Error{ErrorKind::kUpstreamError, "no"})}) {
    const auto grant = Settled(*store, Request(login_));
    ASSERT_EQ(Told(grant), "granted");
    EXPECT_EQ(KindOf(Await(store->Store(Storing(login_, result, std::get<Granted>(*grant))))),
              "fine");
  }
  EXPECT_EQ(Told(Settled(*store, AnyReading(login_))), "1");
  RateNews news{.login = login_};
  news.pause = news.hold_off = news.interval = news.lasting = minutes(1);
  news.is_accepted = true;
  EXPECT_EQ(KindOf(Await(store->Rate(news))), "fine");
  EXPECT_TRUE(Becomes([&] { return heard == 2; }));
  listening.reset();
  ASSERT_TRUE(Becomes([&] { return store->IsListening(); }));

  EXPECT_EQ(store->health().failures(RedisErrorKind::kNotPermitted), 0U);
  EXPECT_EQ(server.Command({"ACL", "LOG"}).elements.size(), 0U);
}

TEST_F(RedisFaultsTest, M35_AUserWhoLosesItsRightsIsTold) {
  const RedisServer server({{"user balance on >good " + std::string(kRedisAcl)}});
  auto settings = SettingsOf(server.address());
  settings.login = {"balance", SecretOf("good")};
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));
  ASSERT_EQ(Acquire(*store, login_), "granted");

  server.Command({"ACL", "SETUSER", "balance", "-hset"});

  EXPECT_EQ(Acquire(*store, login_), "NOT_PERMITTED");
}

TEST_F(RedisFaultsTest, M35_AServerThatTakesConnectionsAndSaysNothingIsGivenUp) {
  boost::asio::ip::tcp::acceptor silent(loop_, {boost::asio::ip::address_v4::loopback(), 0});
  auto settings = Usual({"127.0.0.1", silent.local_endpoint().port()});
  settings.connect_timeout = milliseconds(100);
  const auto store = MakeStore(settings);

  ASSERT_TRUE(Becomes([&] { return store->health().reason().has_value(); }));

  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kTimedOut);
  EXPECT_EQ(Acquire(*store, login_), "AWAY");
}

// It ends the connection before anybody has used it.
TEST_F(RedisFaultsTest, M35_AServerThatSaysMoreThanItIsAskedAtTheLoginIsLeft) {
  const std::string info =
      "redis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:0123456789abcdef\r\n";
  const FixedAnswer talkative(loop_, "$" + std::to_string(info.size()) + "\r\n" + info +
                                         "\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n+PONG\r\n"
                                         "*2\r\n$10\r\n1790000000\r\n$1\r\n0\r\n+OK\r\n");
  const auto store = MakeStore(Usual(talkative.address()));

  ASSERT_TRUE(Becomes([&] { return talkative.connections() >= 3; }));

  ASSERT_TRUE(store->health().reason());
  EXPECT_EQ(store->health().reason()->kind, RedisErrorKind::kProtocol);
  EXPECT_FALSE(store->IsUsable());
}

// As through a line on which a short answer comes in time, and a reading does not.
TEST_F(RedisFaultsTest, M185_ARedisThatIsTooSlowForReadingsAloneStaysAway) {
  const RedisServer server;
  const auto near = ConnectedStore(server);
  const auto grant = Settled(*near, Request(login_));
  Reading large = ReadingOf("1");
  large.request_id = std::string(1500, 'x');
  ASSERT_TRUE(Await(near->Store(Storing(login_, large, std::get<Granted>(*grant)))));
  LateReplies line(loop_, server.address(), {.delay = milliseconds(600), .prompt_bytes = 512});
  auto settings = Usual(line.address());
  settings.operation_timeout = milliseconds(300);
  settings.connect_timeout = seconds(5);
  const auto store = MakeStore(settings);
  ASSERT_TRUE(ComesBack(*store));

  std::map<std::string, int> told;
  const SteadyTime end = clock_.SteadyNow() + seconds(6);
  while (clock_.SteadyNow() < end) {
    ++told[KindOf(Await(store->Acquire(AnyReading(login_))))];
    RunFor(milliseconds(1));
  }

  // The first may be late: after a slow login Redis's time is not known to less than that took.
  EXPECT_GE(told["TIMED_OUT"], 1);
  EXPECT_LE(told["TIMED_OUT"] + told["LATE"], 3);
  EXPECT_FALSE(told.contains("fine"));
  EXPECT_FALSE(store->IsUsable());
  line.SetDelay(Duration::zero());
  ASSERT_TRUE(ComesBack(*store));
  EXPECT_EQ(Told(Settled(*store, AnyReading(login_))), "1");
}

TEST_F(RedisFaultsTest, TheEndDuringAConnectionOrACallIsSilent) {
  RedisServer server;
  auto store = ConnectedStore(server);
  server.Freeze();
  std::optional<RedisResult<Acquired>> result;
  boost::asio::co_spawn(loop_, Keep(store->Acquire(Request(login_)), result),
                        [](std::exception_ptr failure) {
                          if (failure) std::rethrow_exception(failure);
                        });
  ASSERT_TRUE(Becomes([&] { return result.has_value(); }));
  auto connecting = MakeStore(Usual(server.address()));
  RunFor(milliseconds(10));

  connecting.reset();
  store.reset();

  // Nothing stays behind.
  const SteadyTime end = clock_.SteadyNow() + kPatience;
  loop_.restart();
  while (!loop_.stopped() && clock_.SteadyNow() < end) loop_.run_one_for(milliseconds(10));
  EXPECT_TRUE(loop_.stopped());
}

}  // namespace
}  // namespace balance
