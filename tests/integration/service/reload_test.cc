// A configuration that changes under a running server.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::GetAccountSnapshotRequest CachedOnly() {
  v1::GetAccountSnapshotRequest request;
  request.mutable_policy()->set_only_if_cached(true);
  return request;
}

v1::GetAccountSnapshotRequest Of(const std::string& name) {
  v1::GetAccountSnapshotRequest request;
  request.set_name(name);
  return request;
}

// To PolySimulator. The sandbox counts by the first letters of a key.
std::uint64_t Requests(RunningService& service, const std::string& key) {
  const auto by_key = service.upstreams().Counters(Side::kPolysimulator).by_key;
  const auto found = by_key.find(key.substr(0, 16));
  return found == by_key.end() ? 0 : found->second.requests;
}

TEST(ReloadTest, NothingNewChangesNothing) {
  RunningService service;
  v1::AccountSnapshot before;
  v1::AccountSnapshot after;
  ASSERT_TRUE(service.Get(before).ok());

  const auto done = service.Reload();
  ASSERT_TRUE(service.Get(after).ok());

  EXPECT_EQ(done.accounts.added + done.accounts.changed + done.accounts.removed, 0);
  EXPECT_THAT(done.waiting, IsEmpty());
  EXPECT_EQ(after.revision().epoch(), before.revision().epoch());
  EXPECT_EQ(after.revision().number(), before.revision().number());
}

TEST(ReloadTest, AccountsComeAndGo) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot, Of("accounts/desk-2")).ok());
  service.Edit("- id: desk-2", "- id: desk-3");

  const auto done = service.Reload();

  EXPECT_EQ(done.accounts.added, 1);
  EXPECT_EQ(done.accounts.removed, 1);
  EXPECT_EQ(service.Get(snapshot, Of("accounts/desk-2")).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(service.Get(snapshot, Of("accounts/desk-3")).ok());
}

TEST(ReloadTest, ASourceAtAnotherAddressForgetsWhatItHeldAndTheOtherKeepsIt) {
  RunningService service;
  auto elsewhere = sandbox::Sandbox::Start();
  ASSERT_TRUE(elsewhere);
  v1::AccountSnapshot before;
  ASSERT_TRUE(service.Get(before).ok());
  service.Edit(service.upstreams().BaseUrl(Side::kPolymarket),
               (*elsewhere)->BaseUrl(Side::kPolymarket));

  EXPECT_EQ(service.Reload().accounts.changed, 1);
  v1::AccountSnapshot after;
  ASSERT_TRUE(service.Get(after, CachedOnly()).ok());

  EXPECT_EQ(after.sources(kPolymarketUs).state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_EQ(after.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(after.sources(kPolySimulator).freshness().observe_time().nanos(),
            before.sources(kPolySimulator).freshness().observe_time().nanos());
}

TEST(ReloadTest, ReadingsOutliveAChangeOfTheirSettings) {
  RunningService service;
  v1::AccountSnapshot before;
  v1::AccountSnapshot after;
  ASSERT_TRUE(service.Get(before).ok());
  service.Edit("ttl: 60s", "ttl: 50s");

  EXPECT_EQ(service.Reload().accounts.changed, 2);
  ASSERT_TRUE(service.Get(after, CachedOnly()).ok());

  EXPECT_TRUE(after.completeness().complete());
  EXPECT_NE(after.revision().epoch(), before.revision().epoch());
  EXPECT_EQ(after.sources(kPolymarketUs).freshness().fresh_until().seconds(),
            before.sources(kPolymarketUs).freshness().fresh_until().seconds() - 10);
}

TEST(ReloadTest, RatesAreThoseOfTheNewConfiguration) {
  RunningService service;
  service.Edit("requests_per_second: 1000, burst: 1000", "requests_per_second: 7, burst: 3");

  service.Reload();

  EXPECT_EQ(service.PathOf("polymarket-us").rate().requests_per_second(), 7);
  EXPECT_EQ(service.PathOf("polymarket-us").rate().burst(), 3);
}

TEST(ReloadTest, WhatWaitsForARestartIsNamed) {
  RunningService service;
  service.Edit("listen: 127.0.0.1:0", "listen: 127.0.0.1:1");
  service.Edit("cache: ",
               "server: {drain_delay: 1s, engine: GRPC, max_connection_memory: 33554432}\ncache: ");

  EXPECT_THAT(service.Reload().waiting, ElementsAre("listen", "server.drain_delay", "server.engine",
                                                    "server.max_connection_memory"));
}

// What an upstream has asked of a credential holds while no account uses it.
TEST(ReloadTest, APauseOutlivesTheAbsenceOfItsAccount) {
  RunningService service;
  sandbox::Fault limited;
  limited.status = 429;
  limited.headers = {{"Retry-After", "60"}};
  limited.count = 1;
  service.upstreams().Push(Side::kPolysimulator, limited);
  v1::SourceBalance source;
  const std::string name = "accounts/desk-2/sources/polysimulator";
  EXPECT_EQ(ReasonOf(service.GetSource(name, source)), "SOURCE_RATE_LIMITED");
  const std::string account =
      "- id: desk-2\n  sources:\n  - id: polysimulator\n    polysimulator:\n"
      "      base_url: " +
      service.upstreams().BaseUrl(Side::kPolysimulator) +
      "\n      api_key: {file: " + service.FilePath("other-api-key") + "}\n";
  service.Edit(account, "");
  service.Reload();
  service.Reload();

  service.Edit("cache: ", account + "cache: ");
  service.Reload();

  EXPECT_EQ(ReasonOf(service.GetSource(name, source)), "SOURCE_RATE_LIMITED");
  EXPECT_TRUE(service.PathOf(name).has_blocked_until());
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests, 1U);
}

TEST(ReloadTest, AMissingAccountIsLeftAloneThoughSettingsChange) {
  RunningService service;
  sandbox::PolysimLedger ledger;
  ledger.account_exists = false;
  ASSERT_TRUE(service.upstreams().SetLedger(ledger));
  v1::SourceBalance source;
  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_ACCOUNT_MISSING");
  service.Edit("ttl: 60s", "ttl: 50s");

  EXPECT_EQ(service.Reload().accounts.changed, 2);

  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_ACCOUNT_MISSING");
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests, 1U);
}

TEST(ReloadTest, CallersAreThoseOfTheNewConfiguration) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());
  service.WriteSecret("tokens", std::string(64, '0') + "\n");
  service.Edit("cache: ", "callers: [{id: nobody, token_file: " + service.FilePath("tokens") +
                              ", accounts: ['*']}]\ncache: ");

  service.Reload();

  EXPECT_EQ(service.Get(snapshot).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(ReloadTest, CallersThatCameChangedAndWentAreCounted) {
  RunningService service;
  service.WriteSecret("tokens", std::string(64, '0') + "\n");
  const std::string file = service.FilePath("tokens");
  const auto caller = [&file](const std::string& id) {
    return "{id: " + id + ", token_file: " + file + ", accounts: ['*']}";
  };
  service.Edit("cache: ", "callers: [" + caller("a") + "]\ncache: ");

  const auto came = service.Reload().callers;
  service.WriteSecret("tokens", std::string(64, '1') + "\n");
  const auto changed = service.Reload().callers;
  service.Edit("id: a,", "id: b,");
  const auto replaced = service.Reload().callers;

  EXPECT_TRUE(came.added == 1 && came.changed == 0 && came.removed == 0);
  EXPECT_TRUE(changed.added == 0 && changed.changed == 1 && changed.removed == 0);
  EXPECT_TRUE(replaced.added == 1 && replaced.changed == 0 && replaced.removed == 1);
}

TEST(ReloadTest, ACallThatHasBegunEndsWithItsAnswer) {
  RunningService service;
  service.upstreams().SetLatency(Side::kPolymarket, milliseconds(300));
  v1::AccountSnapshot snapshot;
  grpc::Status status;
  std::thread caller([&] { status = service.Get(snapshot, Of("accounts/desk-1")); });
  while (service.upstreams().Counters(Side::kPolymarket).in_flight == 0) {
    std::this_thread::yield();
  }
  service.Edit("- id: desk-1", "- id: desk-9");

  service.Reload();
  caller.join();

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(snapshot.completeness().complete());
}

// M53: a thread that reads anew all the time.
class Reader {
 public:
  explicit Reader(RunningService& service) : service_(service) {}
  ~Reader() { Stop(); }

  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int reads() const { return reads_; }
  int failures() const { return failures_; }

  void AwaitReads(int more) const {
    const int target = reads_ + more;
    while (reads_ < target) std::this_thread::yield();
  }

 private:
  void Run() {
    while (!stop_) {
      v1::SourceBalance source;
      if (!service_.GetSource("polysimulator", source).ok()) ++failures_;
      ++reads_;
    }
  }

  RunningService& service_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> reads_ = 0;
  std::atomic<int> failures_ = 0;
  std::thread thread_{[this] { Run(); }};
};

TEST(ReloadTest, M53_AKeyIsRotatedUnderLoadWithoutAnError) {
  RunningService service;
  const std::string old_key = service.upstreams().polysim_key().api_key;
  sandbox::PolysimKey fresh = sandbox::GeneratePolysimKey();
  ASSERT_TRUE(service.upstreams().AddKey(fresh));
  Reader reader(service);
  reader.AwaitReads(20);
  service.WriteSecret("api-key", fresh.api_key);

  EXPECT_EQ(service.Reload().accounts.changed, 1);
  reader.AwaitReads(2);
  const auto old_requests = Requests(service, old_key);
  reader.AwaitReads(20);
  reader.Stop();

  EXPECT_EQ(reader.failures(), 0) << "of " << reader.reads();
  EXPECT_EQ(Requests(service, old_key), old_requests);
  EXPECT_GT(Requests(service, fresh.api_key), 20U);
}

TEST(ReloadTest, M53_TheOldKeyServesUntilTheNewOneIsTaken) {
  RunningService service;
  const std::string old_key = service.upstreams().polysim_key().api_key;
  const sandbox::PolysimKey fresh = sandbox::GeneratePolysimKey();
  service.WriteSecret("api-key", fresh.api_key);
  service.Reload();
  v1::SourceBalance source;

  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  int http_status = 0;

  // The rejected one is held off, so it is not asked with each read.
  EXPECT_EQ(Requests(service, fresh.api_key), 1U);
  EXPECT_EQ(Requests(service, old_key), 2U);
  const std::string metrics = service.AdminPage("/metrics", http_status);
  EXPECT_THAT(metrics,
              HasSubstr("balance_sources_on_previous_credential{kind=\"POLYSIMULATOR\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("balance_sources_held_off{kind=\"POLYSIMULATOR\"} 0"));
  EXPECT_TRUE(service.PathOf("polysimulator").has_hold_off_until());
}

TEST(ReloadTest, M53_TheOldKeyServesWhereTheNewOneMayNotRead) {
  RunningService service;
  sandbox::PolysimKey fresh = sandbox::GeneratePolysimKey();
  fresh.state = sandbox::KeyState::kForbidden;
  ASSERT_TRUE(service.upstreams().AddKey(fresh));
  service.WriteSecret("api-key", fresh.api_key);
  service.Reload();
  v1::SourceBalance source;

  EXPECT_TRUE(service.GetSource("polysimulator", source).ok());
  EXPECT_EQ(Requests(service, fresh.api_key), 1U);
}

// Polymarket US knows a key by its id: the secret may be replaced alone, or be there before it.
TEST(ReloadTest, M53_TheOldSecretServesUntilTheNewOneOfTheSameKeyIsTaken) {
  RunningService service;
  sandbox::PolymarketKey fresh = sandbox::GeneratePolymarketKey();
  fresh.key_id = service.upstreams().polymarket_key().key_id;
  service.WriteSecret("secret-key", fresh.secret_key);
  service.Reload();
  v1::SourceBalance source;

  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  int http_status = 0;

  EXPECT_EQ(service.upstreams().Counters(Side::kPolymarket).auth_failures, 1U);
  EXPECT_THAT(service.AdminPage("/metrics", http_status),
              HasSubstr("balance_sources_on_previous_credential{kind=\"POLYMARKET_US\"} 1"));

  ASSERT_TRUE(service.upstreams().AddKey(fresh));
  EXPECT_TRUE(service.GetSource("polymarket-us", source).ok());
  EXPECT_THAT(service.AdminPage("/metrics", http_status),
              HasSubstr("balance_sources_on_previous_credential{kind=\"POLYMARKET_US\"} 0"));
}

// The new one is stored before the venue knows it, and the venue changes over at one stroke.
TEST(ReloadTest, M53_TheNewKeyServesAtOnceWhenTheOldOneEnds) {
  RunningService service;
  sandbox::PolysimKey old_key = service.upstreams().polysim_key();
  const sandbox::PolysimKey fresh = sandbox::GeneratePolysimKey();
  service.WriteSecret("api-key", fresh.api_key);
  service.Reload();
  v1::SourceBalance source;
  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  ASSERT_TRUE(service.PathOf("polysimulator").has_hold_off_until());
  old_key.state = sandbox::KeyState::kDeactivated;
  ASSERT_TRUE(service.upstreams().AddKey(old_key));
  ASSERT_TRUE(service.upstreams().AddKey(fresh));

  const auto status = service.GetSource("polysimulator", source);
  int http_status = 0;

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Requests(service, fresh.api_key), 2U);
  EXPECT_FALSE(service.PathOf("polysimulator").has_hold_off_until());
  EXPECT_THAT(service.AdminPage("/metrics", http_status),
              HasSubstr("balance_sources_on_previous_credential{kind=\"POLYSIMULATOR\"} 0"));
}

TEST(ReloadTest, M53_TheOldKeyIsErasedWhenTheNewOneHasServed) {
  RunningService service;
  const auto switch_key = [&service] {
    const sandbox::PolysimKey key = sandbox::GeneratePolysimKey();
    EXPECT_TRUE(service.upstreams().AddKey(key));
    service.WriteSecret("api-key", key.api_key);
    Config config = service.LoadNow();
    const std::weak_ptr<const Secret> held =
        config.accounts[0].sources[kPolySimulator].login.secret;
    service.server().Reconfigure(std::move(config));
    return held;
  };
  v1::SourceBalance source;
  const auto first = switch_key();
  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  const auto second = switch_key();
  EXPECT_FALSE(first.expired());

  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!first.expired() && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }

  EXPECT_TRUE(first.expired());
  EXPECT_FALSE(second.expired());
}

TEST(ReloadTest, M53_BothKeysRejectedIsARejection) {
  RunningService service;
  sandbox::PolysimKey old_key = service.upstreams().polysim_key();
  old_key.state = sandbox::KeyState::kExpired;
  ASSERT_TRUE(service.upstreams().AddKey(old_key));
  service.WriteSecret("api-key", sandbox::GeneratePolysimKey().api_key);
  service.Reload();
  v1::SourceBalance source;

  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests, 2U);
}

// The key of another wallet takes the place of the first one.
class AnotherWalletTest : public testing::Test {
 protected:
  AnotherWalletTest() {
    EXPECT_TRUE(service_.Get(before_).ok());
    sandbox::PolysimLedger ledger;
    ledger.balance = "42.00";
    EXPECT_TRUE(service_.upstreams().SetLedger(ledger, "another"));
    sandbox::PolysimKey key = sandbox::GeneratePolysimKey();
    key.wallet = "another";
    EXPECT_TRUE(service_.upstreams().AddKey(key));
    service_.WriteSecret("api-key", key.api_key);
  }

  static std::string Cash(const v1::SourceBalance& source) {
    return source.balance_set().balances(0).cash().value();
  }

  RunningService service_;
  v1::AccountSnapshot before_;
};

TEST_F(AnotherWalletTest, TheOldFigureIsNeverFresh) {
  service_.upstreams().SetLatency(Side::kPolysimulator, std::chrono::seconds(10));
  service_.Reload();
  v1::GetAccountSnapshotRequest of_any_age;
  of_any_age.mutable_policy()->mutable_max_age()->set_seconds(3600);

  for (const auto& request : {CachedOnly(), v1::GetAccountSnapshotRequest(), of_any_age}) {
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(service_.Get(snapshot, request).ok());
    const v1::SourceBalance& source = snapshot.sources(kPolySimulator);
    EXPECT_EQ(source.state(), v1::SourceBalance::STALE);
    EXPECT_EQ(Cash(source), Cash(before_.sources(kPolySimulator)));
    EXPECT_LE(source.freshness().fresh_until().seconds(), snapshot.serve_time().seconds());
    EXPECT_EQ(snapshot.sources(kPolymarketUs).state(), v1::SourceBalance::FRESH);
  }
}

TEST_F(AnotherWalletTest, TheNewFigureComesWithTheNextRead) {
  service_.Reload();
  v1::AccountSnapshot snapshot;
  do {
    ASSERT_TRUE(service_.Get(snapshot).ok());
  } while (snapshot.sources(kPolySimulator).state() == v1::SourceBalance::STALE);

  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(Cash(snapshot.sources(kPolySimulator)), "42.00");
  EXPECT_GT(snapshot.sources(kPolySimulator).freshness().fresh_until().seconds(),
            snapshot.serve_time().seconds());
}

TEST(ReloaderTest, AChangedFileAsksForAReloadAndABadOneChangesNothing) {
  RunningService service;
  std::atomic<int> asked = 0;
  FileStates files;
  ASSERT_TRUE(service.Loader()(service.server().in_force(), files));
  EXPECT_THAT(files, testing::Contains(testing::Key(service.FilePath("api-key"))));
  Reloader reloader(service.server(), service.Loader(), files, [&] { ++asked; });

  service.WriteSecret("api-key", "not a key at all \x01");
  while (asked == 0) std::this_thread::yield();

  EXPECT_FALSE(reloader.Reload());
  v1::AccountSnapshot snapshot;
  EXPECT_TRUE(service.GetAnew(snapshot).ok());
  int http_status = 0;
  EXPECT_THAT(service.AdminPage("/metrics", http_status),
              HasSubstr("balance_reloads_total{result=\"REJECTED\"} 1"));
  EXPECT_THAT(service.AdminPage("/metrics", http_status), HasSubstr("\nbalance_config_refused 1"));
  service.WriteSecret("api-key", service.upstreams().polysim_key().api_key);
  EXPECT_TRUE(reloader.Reload());
  EXPECT_THAT(service.AdminPage("/metrics", http_status), HasSubstr("\nbalance_config_refused 0"));
}

TEST(ReloaderTest, AFileThatLostItsCallersOpensNothing) {
  RunningService service;
  service.WriteSecret("tokens", std::string(64, '0') + "\n");
  const std::string callers =
      "callers: [{id: nobody, token_file: " + service.FilePath("tokens") + ", accounts: ['*']}]\n";
  service.Edit("cache: ", callers + "cache: ");
  service.Reload();
  service.Edit(callers, "");
  Reloader reloader(service.server(), service.Loader(), {}, [] {});

  EXPECT_FALSE(reloader.Reload());

  v1::AccountSnapshot snapshot;
  EXPECT_EQ(service.Get(snapshot).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  int http_status = 0;
  EXPECT_THAT(service.AdminPage("/metrics", http_status),
              HasSubstr("balance_reloads_total{result=\"REJECTED\"} 1"));
}

TEST(ReloaderTest, AFileThatComesLateIsWaitedFor) {
  RunningService service;
  std::atomic<int> asked = 0;
  FileStates files;
  ASSERT_TRUE(service.Loader()(service.server().in_force(), files));
  Reloader reloader(service.server(), service.Loader(), files, [&] { ++asked; });
  service.Edit("other-api-key}", "late-key}");
  EXPECT_FALSE(reloader.Reload());

  service.WriteSecret("late-key", sandbox::GeneratePolysimKey().api_key);
  while (asked == 0) std::this_thread::yield();

  EXPECT_TRUE(reloader.Reload());
}

}  // namespace
}  // namespace balance
