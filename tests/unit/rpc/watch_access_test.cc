// What callers may watch, and for how long.

#include <gmock/gmock.h>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

TEST_F(WatchStreamTest, M163_AccessThatIsTakenAwayEndsInRemovedAndAtLastInPermissionDenied) {
  Serve({Rule("bot", "sesame", {"desk-1", "desk-2"})});
  WatchCall& call = WatchWithToken("sesame", Named({"desk-1", "desk-2"}));
  Run();
  call.TakeMessages();
  Serve({Rule("bot", "sesame", {"desk-2"})});
  Run();
  auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-1");
  EXPECT_EQ(watched_["desk-1"], 0);

  Serve({Rule("bot", "sesame", {"desk-3"})});
  Run();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(call.status()), "CALLER_NOT_ALLOWED");
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kAccessLost));
}

TEST_F(WatchStreamTest, M163_ATokenThatIsRevokedEndsTheStream) {
  Serve({Rule("bot", "sesame", {}), Rule("desk", "open", {})});
  WatchCall& call = WatchWithToken("sesame");
  WatchCall& other = WatchWithToken("open");
  Run();
  Serve({Rule("desk", "open", {})});
  Run();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
  EXPECT_FALSE(other.has_ended());
}

TEST_F(WatchStreamTest, ATokenThatExpiresEndsTheStreamWithTheNextHeartbeat) {
  CallerRule rule = Rule("bot", "sesame", {});
  std::get<BearerTokens>(rule.identity).hashes.front().expire_time = clock_.WallNow() + seconds(7);
  Serve({rule});
  WatchCall& call = WatchWithToken("sesame");
  Advance(seconds(6));
  EXPECT_FALSE(call.has_ended());
  Advance(seconds(6));

  EXPECT_TRUE(call.has_ended());
}

TEST_F(WatchStreamTest, ATokenThatExpiresEndsAStreamWithoutRestAsWell) {
  CallerRule rule = Rule("bot", "sesame", {});
  std::get<BearerTokens>(rule.identity).hashes.front().expire_time = clock_.WallNow() + seconds(7);
  Serve({rule});
  WatchCall& call = WatchWithToken("sesame");
  int changes = 0;
  const auto change = [&] {
    Advance(milliseconds(500));
    Read("desk-1", std::to_string(++changes) + ".00");
    Run();
  };
  while (changes < 13) change();
  EXPECT_FALSE(call.has_ended());
  while (changes < 24) change();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
}

TEST_F(WatchStreamTest, M163_ACertificateThatNobodyVouchesForAnyMoreEndsTheStream) {
  CallerRule rule;
  rule.id = "bot";
  rule.identity = SpiffeId{"spiffe://desk/bot"};
  rule.all_accounts = true;
  rule.methods.set();
  Serve({rule});
  WatchCall& call = calls_.emplace_back(clock_, "");
  call.ShowCertificate("spiffe://desk/bot");
  rpc_.Handle(RpcMethod::kWatchAccountSnapshots, call);
  Run();
  ASSERT_FALSE(call.has_ended());

  call.WithdrawCertificate();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kUnauthenticated);
}

TEST_F(WatchStreamTest, ACallerWhoMayNotWatchIsRefused) {
  CallerRule rule = Rule("bot", "sesame", {});
  rule.methods.reset(static_cast<std::size_t>(RpcMethod::kWatchAccountSnapshots));
  Serve({rule});

  EXPECT_EQ(WatchWithToken("sesame").status().code, StatusCode::kPermissionDenied);
  EXPECT_EQ(WatchWithToken("other").status().code, StatusCode::kUnauthenticated);
  EXPECT_EQ(counts_.denied, 2);
}

TEST_F(WatchStreamTest, OthersAccountsAreNotToldApartFromThoseThatDoNotExist) {
  Serve({Rule("bot", "sesame", {"desk-1"})});

  EXPECT_EQ(WatchWithToken("sesame", Named({"desk-2"})).status().code,
            StatusCode::kPermissionDenied);
  EXPECT_EQ(WatchWithToken("sesame", Named({"desk-9"})).status().code,
            StatusCode::kPermissionDenied);
  WatchCall& all = WatchWithToken("sesame");
  Run();
  EXPECT_THAT(all.TakeMessages(), SizeIs(2));
}

TEST_F(WatchStreamTest, M165_CallersHaveALimitOfTheirOwn) {
  limits_.most_of_caller = 1;
  Serve({Rule("bot", "sesame", {}), Rule("desk", "open", {})});
  WatchWithToken("sesame");

  EXPECT_EQ(ReasonOf(WatchWithToken("sesame").status()), "TOO_MANY_WATCHERS");
  EXPECT_FALSE(WatchWithToken("open").has_ended());
}

}  // namespace
}  // namespace balance
