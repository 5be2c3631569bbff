#include "clients/push/push_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/resilience/hold_off_source.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_socket.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A venue that says what it means: "ready", "hint", "beat", "error".
class PlainProtocol final : public PushProtocol {
 public:
  std::string Opening() const override { return "subscribe"; }
  std::string KeepAlive() const override { return "ping"; }
  PushReaction OnMessage(std::string_view message) override {
    PushReaction reaction;
    reaction.is_ready = message == "ready";
    reaction.is_hint = message == "ready" || message == "hint";
    if (message == "error") reaction.failure = Error{ErrorKind::kUpstreamError, "It says no"};
    return reaction;
  }
  PushReturn OnEnd(std::optional<std::uint16_t> code) const override {
    if (code == 4001) return PushReturn::kAtOnce;
    return code == 4002 ? PushReturn::kLongest : PushReturn::kBackOff;
  }
};

class PlainLogin final : public PushLogin {
 public:
  explicit PlainLogin(std::string path = "/", int requests = 1)
      : path_(std::move(path)), requests_(requests) {}

  std::string_view name() const override { return "The venue"; }
  int requests_of_a_connection() const override { return requests_; }
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override {
    WebSocketRequest request;
    request.target = path_ + std::to_string(++prepared_);
    co_return request;
  }
  Error Classify(const HttpResponse& refusal) override {
    const ErrorKind kind = refusal.status == 401   ? ErrorKind::kCredentialsRejected
                           : refusal.status == 403 ? ErrorKind::kForbidden
                           : refusal.status == 408 ? ErrorKind::kClockSkew
                           : refusal.status == 429 ? ErrorKind::kRateLimited
                                                   : ErrorKind::kUpstreamError;
    Error error{kind, "Refused."};
    if (refusal.status == 503) error.retry_after = seconds(45);
    return error;
  }
  std::unique_ptr<PushProtocol> NewProtocol() const override {
    return std::make_unique<PlainProtocol>();
  }

 private:
  const std::string path_;
  const int requests_;
  int prepared_ = 0;
};

class PushFeedTest : public testing::Test, public PushObserver {
 protected:
  void SetUp() override { Start(); }

  // The feed must be gone before the loop.
  void TearDown() override {
    feed_.reset();
    Run();
  }

  void Start(double chance = 0.5) {
    feed_.emplace(loop_.get_executor(),
                  PushFeed::Parts{{std::make_unique<PlainLogin>("/", requests_), hold_off_, pacer_},
                                  std::move(previous_),
                                  connector_,
                                  [chance] { return chance; },
                                  clock_,
                                  *this,
                                  socket_slots_,
                                  request_slots_},
                  PushFeed::Options{});
    Advance(seconds(1));
  }

  std::shared_ptr<HostSlots> SlotsOfHost(std::size_t most) {
    return std::make_shared<HostSlots>(std::make_shared<ConnectionSlots>(
        loop_.get_executor(), clock_, ConnectionLimits{2 * most}));
  }

  void OnHint() override {
    ++hints_;
    if (on_hint_) on_hint_();
  }
  void OnPushState(bool is_up) override { states_.push_back(is_up); }
  void OnPushFailure(PushEnd why, const Error& error) override {
    ends_.push_back(why);
    failures_.push_back(error.message);
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Advance(Duration by) {
    // In steps, as whoever wakes may sleep again.
    for (const SteadyTime end = clock_.SteadyNow() + by; clock_.SteadyNow() < end;) {
      Run();
      clock_.Advance(std::min<Duration>(milliseconds(100), end - clock_.SteadyNow()));
    }
    Run();
  }

  FakeSocketPeer& peer() { return *connector_.peers.back(); }
  std::size_t attempts() const { return connector_.requests.size(); }

  void Hear(const std::string& message) {
    peer().Say(message);
    Run();
  }

  void EndWith(std::uint16_t code) {
    peer().End(code);
    Run();
  }

  // How long it takes until there is one attempt more.
  Duration PauseUntilNextAttempt() {
    const SteadyTime start = clock_.SteadyNow();
    for (const std::size_t before = attempts(); attempts() == before;) {
      Advance(milliseconds(100));
      if (clock_.SteadyNow() - start > hours(1)) break;
    }
    return clock_.SteadyNow() - start;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeConnector connector_{loop_};
  std::shared_ptr<HoldOff> hold_off_ =
      std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 1000});
  int requests_ = 1;
  std::shared_ptr<HostSlots> socket_slots_;
  std::shared_ptr<HostSlots> request_slots_;
  std::optional<PushFeed::Previous> previous_;
  std::optional<PushFeed> feed_;
  std::function<void()> on_hint_;
  int hints_ = 0;
  std::vector<bool> states_;
  std::vector<PushEnd> ends_;
  std::vector<std::string> failures_;
};

TEST_F(PushFeedTest, AsksForWhatItWantsAndIsUpWhenItIsGranted) {
  EXPECT_THAT(peer().heard(), ElementsAre("subscribe"));
  EXPECT_FALSE(feed_->is_up());

  Hear("ready");

  EXPECT_TRUE(feed_->is_up());
  EXPECT_THAT(states_, ElementsAre(true));
  EXPECT_EQ(hints_, 1);
}

TEST_F(PushFeedTest, HintsArePassedOnAndHeartbeatsAreNot) {
  Hear("ready");

  Hear("beat");
  Hear("hint");
  Hear("hint");

  EXPECT_EQ(hints_, 3);
  EXPECT_EQ(feed_->counters().messages, 4u);
  EXPECT_EQ(feed_->counters().hints, 3u);
}

TEST_F(PushFeedTest, M174_SocketThatIsSilentIsGivenUp) {
  Hear("ready");
  Advance(seconds(74));
  Hear("beat");

  Advance(seconds(74));
  EXPECT_EQ(attempts(), 1u);
  Advance(seconds(3));

  EXPECT_EQ(attempts(), 2u);
  EXPECT_TRUE(connector_.peers.front()->is_over());
  EXPECT_THAT(states_, ElementsAre(true, false));
  EXPECT_THAT(failures_, ElementsAre(HasSubstr("said nothing")));
  EXPECT_EQ(feed_->counters().silent, 1u);
}

TEST_F(PushFeedTest, KeepAliveMakesTheVenueSpeak) {
  Hear("ready");

  Advance(seconds(51));

  EXPECT_THAT(peer().heard(), ElementsAre("subscribe", "ping", "ping"));
}

TEST_F(PushFeedTest, EachConnectionHasItsOwnCredentialAndBringsAHint) {
  Hear("ready");
  EndWith(1001);
  Advance(seconds(2));

  Hear("ready");

  ASSERT_EQ(attempts(), 2u);
  EXPECT_NE(connector_.requests[0].target, connector_.requests[1].target);
  EXPECT_THAT(states_, ElementsAre(true, false, true));
  EXPECT_EQ(hints_, 2);
}

TEST_F(PushFeedTest, PausesGrowFromHalfASecondToThirty) {
  feed_.reset();
  for (int i = 0; i < 9; ++i) connector_.RefuseWith(0);
  Start(0.999999);

  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) pauses.push_back(PauseUntilNextAttempt());

  EXPECT_GE(pauses.front(), milliseconds(500));
  EXPECT_LE(pauses.front(), seconds(2));
  EXPECT_GT(pauses.back(), seconds(29));
  EXPECT_LE(pauses.back(), milliseconds(30'200));
}

TEST_F(PushFeedTest, LeastPauseIsHalfASecondHoweverManyFailed) {
  feed_.reset();
  for (int i = 0; i < 9; ++i) connector_.RefuseWith(0);
  Start(0.0);

  for (int i = 0; i < 4; ++i) EXPECT_GE(PauseUntilNextAttempt(), milliseconds(500));
}

TEST_F(PushFeedTest, ConnectionThatLastedBeginsAnewWithShortPauses) {
  EndWith(1011);
  for (int i = 0; i < 8; ++i) {
    PauseUntilNextAttempt();
    EndWith(1011);
  }
  EXPECT_GT(PauseUntilNextAttempt(), seconds(10));
  Hear("ready");
  Advance(seconds(10));
  EndWith(1011);

  EXPECT_LE(PauseUntilNextAttempt(), seconds(1));
}

TEST_F(PushFeedTest, M176_RejectedCredentialIsHeldOffAsByRest) {
  connector_.RefuseWith(401);
  EndWith(1001);
  PauseUntilNextAttempt();

  EXPECT_NE(hold_off_->Because(clock_.Time()), nullptr);
  EXPECT_GE(PauseUntilNextAttempt(), seconds(59));
}

TEST_F(PushFeedTest, M176_ASocketThatIsForbiddenIsLeftAloneAndRestGoesOn) {
  for (int i = 0; i < 2; ++i) connector_.RefuseWith(403);
  EndWith(1001);
  PauseUntilNextAttempt();

  EXPECT_EQ(hold_off_->Because(clock_.Time()), nullptr);
  EXPECT_GE(PauseUntilNextAttempt(), seconds(59));
  EXPECT_GE(PauseUntilNextAttempt(), seconds(119));
  // It was granted. The next refusal is the first one again.
  connector_.RefuseWith(403);
  EndWith(1001);
  PauseUntilNextAttempt();
  EXPECT_LE(PauseUntilNextAttempt(), seconds(100));
}

TEST_F(PushFeedTest, TimesThatAreRejectedTwiceInARowAreHeldOff) {
  for (int i = 0; i < 2; ++i) connector_.RefuseWith(408);
  EndWith(1001);
  PauseUntilNextAttempt();
  // It is signed anew.
  EXPECT_LE(PauseUntilNextAttempt(), seconds(30));

  EXPECT_GE(PauseUntilNextAttempt(), seconds(59));
  EXPECT_EQ(hold_off_->Because(clock_.Time()), nullptr);
}

TEST_F(PushFeedTest, ALoginThatIsRenewedServesFromTheNextConnectionOn) {
  Hear("ready");
  feed_->Renew(std::make_unique<PlainLogin>("/renewed/"));
  EXPECT_TRUE(feed_->is_up());
  EndWith(1001);

  PauseUntilNextAttempt();

  EXPECT_EQ(connector_.requests.back().target, "/renewed/1");
}

TEST_F(PushFeedTest, NothingIsConnectedWhileRestHoldsTheCredentialOff) {
  hold_off_->OnRejected(clock_.Time(), Error{ErrorKind::kCredentialsRejected, "By REST."});
  EndWith(1001);

  EXPECT_GE(PauseUntilNextAttempt(), seconds(59));
}

TEST_F(PushFeedTest, TooManyRequestsPauseTheCredential) {
  connector_.RefuseWith(429);
  EndWith(1001);
  PauseUntilNextAttempt();

  EXPECT_NE(pacer_->BlockedBy(), nullptr);
  const SteadyTime until = pacer_->BlockedUntil();
  PauseUntilNextAttempt();
  EXPECT_GE(clock_.SteadyNow(), until);
}

TEST_F(PushFeedTest, PauseThatTheVenueAsksForIsKept) {
  connector_.RefuseWith(503);
  EndWith(1001);
  PauseUntilNextAttempt();

  EXPECT_GE(PauseUntilNextAttempt(), seconds(44));
}

TEST_F(PushFeedTest, ConnectionsTakeTheirTurnOfTheCredentialsRate) {
  feed_.reset();
  pacer_ = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.01, 1});
  Start();
  ASSERT_EQ(attempts(), 2u);
  EndWith(1001);

  EXPECT_GE(PauseUntilNextAttempt(), seconds(98));
}

TEST_F(PushFeedTest, TokenThatRanOutIsReplacedAtOnceButNotWithoutEnd) {
  Hear("ready");
  Advance(seconds(10));
  EndWith(4001);
  EXPECT_EQ(attempts(), 2u);
  EndWith(4001);

  EXPECT_EQ(attempts(), 2u);
  EXPECT_GE(PauseUntilNextAttempt(), milliseconds(500));
}

TEST_F(PushFeedTest, EachTokenThatRanOutAfterAHealthyLifeIsReplacedAtOnce) {
  for (std::size_t sockets = 1; sockets <= 5; ++sockets) {
    Hear("ready");
    Advance(seconds(10));
    EXPECT_EQ(attempts(), sockets);
    EndWith(4001);

    EXPECT_EQ(attempts(), sockets + 1);
  }
}

TEST_F(PushFeedTest, TokensThatRunOutOnceTheyAreGreetedAreReplacedMoreAndMoreRarely) {
  const auto greet_and_end = [this] {
    Hear("ready");
    EndWith(4001);
  };
  greet_and_end();
  EXPECT_EQ(attempts(), 2u);
  greet_and_end();
  EXPECT_EQ(attempts(), 2u);
  EXPECT_GE(PauseUntilNextAttempt(), milliseconds(500));
  for (int i = 0; i < 6; ++i) {
    greet_and_end();
    EXPECT_GE(PauseUntilNextAttempt(), milliseconds(500));
  }
  greet_and_end();
  EXPECT_GT(PauseUntilNextAttempt(), seconds(10));

  Hear("ready");
  Advance(seconds(10));
  const std::size_t before = attempts();
  EndWith(4001);
  EXPECT_EQ(attempts(), before + 1) << "it was healthy";
}

TEST_F(PushFeedTest, TokenThatRunsOutInTurnWithOtherTroubleIsNotReplacedAtOnce) {
  EndWith(1011);
  for (int i = 0; i < 4; ++i) {
    PauseUntilNextAttempt();
    Hear("ready");
    const std::size_t before = attempts();
    EndWith(i % 2 == 0 ? 4001 : 1011);

    EXPECT_EQ(attempts(), before);
  }
}

TEST_F(PushFeedTest, TooManySocketsWaitLongest) {
  EndWith(4002);

  EXPECT_GE(PauseUntilNextAttempt(), seconds(15));
}

TEST_F(PushFeedTest, SubscriptionThatIsRefusedIsTriedAnewOnAnotherSocket) {
  Hear("error");

  EXPECT_TRUE(connector_.peers.front()->is_over());
  EXPECT_THAT(failures_, ElementsAre(HasSubstr("It says no")));
  PauseUntilNextAttempt();
  EXPECT_EQ(attempts(), 2u);
}

TEST_F(PushFeedTest, CredentialBeforeServesWhileTheNewOneIsRefused) {
  feed_.reset();
  const auto rotation = std::make_shared<Rotation>();
  previous_ = {{std::make_unique<PlainLogin>("/before/"),
                std::make_shared<HoldOff>(seconds(60), seconds(60)), pacer_},
               rotation};
  connector_.RefuseWith(401);
  Start();
  PauseUntilNextAttempt();

  EXPECT_THAT(connector_.requests.back().target, HasSubstr("/before/"));
  Hear("ready");
  EXPECT_TRUE(feed_->is_up());

  // REST was served with the new one.
  rotation->End();
  hold_off_->Clear();
  Hear("beat");
  PauseUntilNextAttempt();
  EXPECT_EQ(connector_.requests.back().target.find("/before/"), std::string::npos);
}

TEST_F(PushFeedTest, EndsSilentlyWhateverItWaitsFor) {
  Hear("ready");
  feed_.reset();
  Run();
  EXPECT_TRUE(peer().is_over());
  connector_.RefuseWith(0);
  Start();
  feed_.reset();
  hold_off_->OnRejected(clock_.Time(), Error{ErrorKind::kCredentialsRejected, "By REST."});
  Start();
  feed_.reset();
  const auto told = failures_.size();

  Advance(hours(1));

  EXPECT_EQ(attempts(), 2u);
  EXPECT_EQ(failures_.size(), told);
  EXPECT_THAT(states_, ElementsAre(true));
  EXPECT_EQ(clock_.sleepers(), 0u);
}

TEST_F(PushFeedTest, M180_TakesLeaveOfTheVenue) {
  Hear("ready");

  feed_.reset();
  Run();

  EXPECT_TRUE(peer().was_left());
  EXPECT_THAT(ends_, IsEmpty());
}

TEST_F(PushFeedTest, SaysWhyASocketIsNoMore) {
  Hear("error");
  PauseUntilNextAttempt();
  EndWith(1001);
  PauseUntilNextAttempt();
  EndWith(0);
  PauseUntilNextAttempt();
  connector_.RefuseWith(401);
  Advance(seconds(76));
  PauseUntilNextAttempt();

  EXPECT_THAT(ends_, ElementsAre(PushEnd::kRefused, PushEnd::kClosed, PushEnd::kBroken,
                                 PushEnd::kSilent, PushEnd::kNotConnected));
}

TEST_F(PushFeedTest, M171_EachRequestOfAConnectionIsSentInItsOwnTurn) {
  feed_.reset();
  requests_ = 2;
  pacer_ = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.1, 1});
  Start();
  EXPECT_EQ(attempts(), 1u) << "the first one asks for a token only";

  // No turn is saved up for the second.
  EXPECT_GE(PauseUntilNextAttempt(), milliseconds(8500));
}

TEST_F(PushFeedTest, WhatWasPreparedIsNotUsedWhenItsTurnComesTooLate) {
  feed_.reset();
  requests_ = 2;
  pacer_ = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.01, 1});
  Start();
  Advance(hours(1));

  EXPECT_EQ(attempts(), 1u);
}

TEST_F(PushFeedTest, M179_SocketsBeyondTheLimitWaitForRoom) {
  feed_.reset();
  socket_slots_ = SlotsOfHost(1);
  auto taken = socket_slots_->TryTake();
  ASSERT_TRUE(taken);
  Start();
  Advance(hours(1));
  EXPECT_EQ(attempts(), 1u);
  EXPECT_THAT(ends_, ElementsAre(PushEnd::kNoRoom));

  taken.reset();
  Advance(seconds(1));

  EXPECT_EQ(attempts(), 2u);
  Hear("ready");
  EXPECT_TRUE(feed_->is_up());
  EXPECT_EQ(socket_slots_->in_use(), 1u);
  feed_.reset();
  Run();
  EXPECT_EQ(socket_slots_->in_use(), 0u);
}

TEST_F(PushFeedTest, M179_NoRoomIsHeldWhileTheCredentialIsHeldOff) {
  feed_.reset();
  socket_slots_ = SlotsOfHost(1);
  connector_.RefuseWith(401);
  Start();
  ASSERT_NE(hold_off_->Because(clock_.Time()), nullptr);
  Advance(seconds(10));

  EXPECT_EQ(socket_slots_->in_use(), 0u);
}

TEST_F(PushFeedTest, M179_ARequestThatPreparesASocketTakesAConnectionOfRest) {
  feed_.reset();
  requests_ = 2;
  request_slots_ = SlotsOfHost(1);
  auto taken = request_slots_->TryTake();
  Start();
  Advance(seconds(30));
  EXPECT_EQ(attempts(), 1u);

  taken.reset();
  Advance(seconds(10));

  EXPECT_EQ(attempts(), 2u);
  EXPECT_EQ(request_slots_->in_use(), 0u) << "the socket itself is none of them";
}

TEST_F(PushFeedTest, M177_LetsGoOfTheCredentialBeforeWhenItIsReplaced) {
  feed_.reset();
  const auto rotation = std::make_shared<Rotation>();
  const auto their_pacer =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 1000});
  previous_ = {{std::make_unique<PlainLogin>("/before/"), hold_off_, their_pacer}, rotation};
  Start();
  Hear("ready");
  EXPECT_GT(their_pacer.use_count(), 1);

  rotation->End();
  Hear("beat");

  EXPECT_EQ(their_pacer.use_count(), 1);
  EXPECT_FALSE(peer().is_over()) << "the socket is the new credential's";
}

TEST_F(PushFeedTest, MayBeDestroyedByWhatItTells) {
  on_hint_ = [this] { feed_.reset(); };

  Hear("ready");
  Advance(hours(1));

  EXPECT_EQ(hints_, 1);
  EXPECT_EQ(attempts(), 1u);
}

TEST_F(PushFeedTest, FailedAttemptsAreCounted) {
  EndWith(1000);
  connector_.RefuseWith(500);
  PauseUntilNextAttempt();

  EXPECT_EQ(feed_->counters().opened, 1u);
  EXPECT_EQ(feed_->counters().failed, 1u);
  EXPECT_THAT(states_, IsEmpty());
}

}  // namespace
}  // namespace balance
