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
  explicit PlainLogin(std::string path = "/") : path_(std::move(path)) {}

  std::string_view name() const override { return "The venue"; }
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override {
    WebSocketRequest request;
    request.target = path_ + std::to_string(++prepared_);
    co_return request;
  }
  Error Classify(const HttpResponse& refusal) override {
    const ErrorKind kind = refusal.status == 401   ? ErrorKind::kCredentialsRejected
                           : refusal.status == 403 ? ErrorKind::kForbidden
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
                  PushFeed::Parts{{std::make_unique<PlainLogin>(), hold_off_, pacer_},
                                  std::move(previous_),
                                  connector_,
                                  [chance] { return chance; },
                                  clock_,
                                  *this},
                  PushFeed::Options{});
    Advance(seconds(1));
  }

  void OnHint() override {
    ++hints_;
    if (on_hint_) on_hint_();
  }
  void OnPushState(bool is_up) override { states_.push_back(is_up); }
  void OnPushFailure(const Error& error) override { failures_.push_back(error.message); }

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
  std::optional<PushFeed::Previous> previous_;
  std::optional<PushFeed> feed_;
  std::function<void()> on_hint_;
  int hints_ = 0;
  std::vector<bool> states_;
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

TEST_F(PushFeedTest, SocketThatIsSilentIsGivenUp) {
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

TEST_F(PushFeedTest, RefusedCredentialIsHeldOffAsByRest) {
  for (const int status : {401, 403}) {
    hold_off_->Clear();
    connector_.RefuseWith(status);
    EndWith(1001);
    PauseUntilNextAttempt();

    EXPECT_NE(hold_off_->Because(clock_.Time()), nullptr) << status;
    EXPECT_GE(PauseUntilNextAttempt(), seconds(59)) << status;
  }
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
  EndWith(4001);
  EXPECT_EQ(attempts(), 2u);
  EndWith(4001);
  EXPECT_EQ(attempts(), 3u);
  EndWith(4001);

  EXPECT_EQ(attempts(), 3u);
  EXPECT_GE(PauseUntilNextAttempt(), milliseconds(500));
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
