// Push feeds of both venues over real sockets: the sandbox is the venue, and misbehaves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "clients/http/beast_web_socket.h"
#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "clients/push/push_feed.h"
#include "clients/resilience/hold_off_source.h"
#include "tests/sandbox/sandbox.h"
#include "tests/support/fake_upstream_clock.h"

namespace balance {
namespace {

using sandbox::Side;
using sandbox::SocketFault;
using sandbox::SocketFaultKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

struct VenueUnderTest {
  const char* name;
  Side side;
  const Venue& (*venue)();
  const char* path;

  friend void PrintTo(const VenueUnderTest& it, std::ostream* out) { *out << it.name; }
};

const VenueUnderTest kVenues[] = {
    {"PolymarketUs", Side::kPolymarket, &polymarket_us::TheVenue, "/v1/ws/private"},
    {"PolySimulator", Side::kPolysimulator, &polysimulator::TheVenue, "/v1/ws/executions"}};

class PushSandboxTest : public testing::TestWithParam<VenueUnderTest>, public PushObserver {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void SetUp() override {
    auto started = sandbox::Sandbox::Start();
    ASSERT_TRUE(started) << started.error().message;
    sandbox_ = std::move(*started);
    // Tests connect more often than a second allows.
    sandbox_->LiftRequestLimits();
  }

  // No text that the feed tells holds a secret, whatever happened.
  void TearDown() override {
    feed_.reset();
    loop_.restart();
    loop_.poll();
    for (const std::string& token : sandbox_->SocketTokens()) {
      EXPECT_THAT(told_, Not(HasSubstr(token)));
    }
    EXPECT_THAT(told_, Not(HasSubstr(sandbox_->polysim_key().api_key)));
    EXPECT_THAT(told_, Not(HasSubstr(sandbox_->polymarket_key().key_id)));
  }

  void Start(PushFeed::Options options = {}) {
    options.least_pause = milliseconds(1);
    options.longest_pause = milliseconds(20);
    const Venue& venue = GetParam().venue();
    const BaseUrl url{
        .tls = false, .host = "127.0.0.1", .port = sandbox_->port(side()), .path_prefix = ""};
    const std::string key_id = sandbox_->polymarket_key().key_id;
    const std::string secret_key = sandbox_->polymarket_key().secret_key;
    const std::string api_key = sandbox_->polysim_key().api_key;
    const std::vector<std::string_view> texts =
        side() == Side::kPolymarket ? std::vector<std::string_view>{key_id, secret_key}
                                    : std::vector<std::string_view>{api_key};
    const LoginParts parts = venue.ReadLogin(texts);
    const Login login{venue.Normalize(url), parts.key_id, parts.secret, parts.key};
    auto push = venue.MakePushLogin(login, {.attempt_timeout = seconds(5), .ca_file = {}},
                                    transport_, clock_, std::make_shared<FakeUpstreamClock>());
    ASSERT_TRUE(push);
    feed_.emplace(loop_.get_executor(),
                  PushFeed::Parts{{std::move(push), hold_off_, pacer_},
                                  std::nullopt,
                                  connector_,
                                  [] { return 0.5; },
                                  clock_,
                                  *this},
                  options);
  }

  void OnHint() override { ++hints_; }
  void OnPushState(bool is_up) override { is_up_ = is_up; }
  void OnPushFailure(PushEnd /*why*/, const Error& error) override {
    told_ += error.message + error.log_detail + error.request_id + "\n";
    ++failures_;
  }

  bool Await(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      loop_.restart();
      loop_.run_for(milliseconds(5));
    }
    return true;
  }

  bool AwaitUp() {
    return Await([this] { return is_up_; });
  }

  // Something happens of which the venue tells.
  void MoveMoney() {
    if (side() == Side::kPolymarket) return sandbox_->MoveMoney();
    ASSERT_TRUE(sandbox_->FillOrder(sandbox_->PlaceOrder("1.00").value()));
  }

  Side side() const { return GetParam().side; }
  sandbox::SocketCounters Sockets() { return sandbox_->Counters(side()).sockets; }

  const CurlGlobal curl_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  boost::asio::io_context loop_;
  SystemClock clock_;
  CurlTransport transport_{loop_, {.user_agent = "push-test"}};
  BeastConnector connector_{loop_, clock_, {"push-test", seconds(40), {}}};
  std::shared_ptr<HoldOff> hold_off_ =
      std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 1000});
  std::optional<PushFeed> feed_;
  int hints_ = 0;
  int failures_ = 0;
  bool is_up_ = false;
  std::string told_;
};

INSTANTIATE_TEST_SUITE_P(Venues, PushSandboxTest, testing::ValuesIn(kVenues),
                         [](const auto& venue) { return std::string(venue.param.name); });

TEST_P(PushSandboxTest, MovedMoneyIsAHint) {
  Start();
  ASSERT_TRUE(AwaitUp()) << told_;
  const int before = hints_;

  MoveMoney();

  EXPECT_TRUE(Await([&] { return hints_ > before; }));
}

TEST_P(PushSandboxTest, ComesBackAfterEveryEndWithAFreshCredential) {
  Start();
  std::vector<SocketFault> faults(8);
  for (std::size_t i = 0; const int code : {1000, 1001, 1008, 1011, 4001}) faults[i++].code = code;
  faults[5].kind = SocketFaultKind::kDrop;
  faults[6].kind = SocketFaultKind::kReset;
  faults[7].kind = SocketFaultKind::kRaw;
  faults[7].body = "this is no frame";
  for (const SocketFault& fault : faults) {
    ASSERT_TRUE(AwaitUp()) << told_;
    const int hints = hints_;
    const int failures = failures_;
    ASSERT_EQ(sandbox_->Act(side(), fault), 1);
    ASSERT_TRUE(Await([&] { return failures_ > failures; }));
    ASSERT_TRUE(AwaitUp()) << told_;
    EXPECT_GT(hints_, hints) << "what happened meanwhile must be asked for";
  }

  const sandbox::SideCounters counters = sandbox_->Counters(side());
  EXPECT_EQ(counters.total.reused_signatures, 0u);
  EXPECT_EQ(counters.by_path.at(GetParam().path).by_status.at(101), faults.size() + 1);
  EXPECT_EQ(counters.auth_failures, 0u);
  EXPECT_EQ(counters.sockets.max_open, 1u);
}

TEST_P(PushSandboxTest, FloodOfUpdatesIsHeardToItsEnd) {
  Start();
  ASSERT_TRUE(AwaitUp()) << told_;
  const int before = hints_;
  SocketFault flood;
  flood.kind = SocketFaultKind::kFlood;
  flood.frames = 1000;

  ASSERT_EQ(sandbox_->Act(side(), flood), 1);

  EXPECT_TRUE(Await([&] { return hints_ >= before + flood.frames; }));
  EXPECT_TRUE(is_up_);
}

TEST_P(PushSandboxTest, SilentSocketIsReplacedThoughItAnswersPings) {
  SocketFault silence;
  silence.kind = SocketFaultKind::kSilence;
  silence.count = 2;
  sandbox_->Push(side(), silence);
  PushFeed::Options options;
  options.longest_silence = milliseconds(100);

  Start(options);

  EXPECT_TRUE(Await([&] { return Sockets().opened >= 3; }));
  EXPECT_TRUE(Await([&] { return feed_->counters().silent >= 2; }));
}

TEST_P(PushSandboxTest, BadMessagesAreHintsAndDoNoHarm) {
  Start();
  ASSERT_TRUE(AwaitUp()) << told_;
  for (const char* body : {"{", "[1,2", "\xff\xfe", R"({"heartbeat")"}) {
    const int before = hints_;
    SocketFault fault;
    fault.kind = body[0] == '[' ? SocketFaultKind::kBinary : SocketFaultKind::kText;
    // Text must be UTF-8, or it is the socket's end.
    if (body[0] == '\xff') fault.kind = SocketFaultKind::kBinary;
    fault.body = body;
    ASSERT_EQ(sandbox_->Act(side(), fault), 1);
    EXPECT_TRUE(Await([&] { return hints_ > before; })) << body;
  }

  EXPECT_EQ(Sockets().opened, 1u);
}

TEST_P(PushSandboxTest, MessageOverOneMebibyteEndsTheSocket) {
  Start();
  ASSERT_TRUE(AwaitUp()) << told_;
  SocketFault large;
  large.kind = SocketFaultKind::kText;
  large.body = "{}";
  large.size = (1 << 20) + 1;

  ASSERT_EQ(sandbox_->Act(side(), large), 1);

  EXPECT_TRUE(Await([&] { return Sockets().opened == 2; }));
  EXPECT_THAT(told_, HasSubstr("larger than 1 MiB"));
}

TEST_P(PushSandboxTest, RefusedUpgradesAreNotRepeatedAndOnlyARejectedKeyIsHeldOffForRest) {
  for (const int status : {401, 403, 429}) {
    sandbox::Fault refusal;
    refusal.status = status;
    // With a code, or PolySimulator's edge is meant.
    refusal.headers = {{"Content-Type", "application/json"}, {"Retry-After", "30"}};
    refusal.body = R"({"error":"REFUSED","message":"refused"})";
    refusal.path = GetParam().path;
    refusal.count = 0;
    sandbox_->Push(side(), refusal);
    Start();
    ASSERT_TRUE(Await([&] { return failures_ > 0; }));
    loop_.restart();
    loop_.run_for(milliseconds(100));

    EXPECT_EQ(sandbox_->Counters(side()).by_path.at(GetParam().path).by_status.at(status), 1u);
    EXPECT_EQ(hold_off_->Because(clock_.Time()) != nullptr, status == 401) << status;
    EXPECT_EQ(pacer_->BlockedBy() != nullptr, status == 429) << status;
    feed_.reset();
    sandbox_->ClearFaults(side());
    hold_off_->Clear();
    failures_ = 0;
  }
}

TEST_P(PushSandboxTest, VenueThatIsAwayIsFoundAgain) {
  Start();
  ASSERT_TRUE(AwaitUp()) << told_;

  sandbox_->Unplug(side());
  ASSERT_TRUE(Await([&] { return !is_up_ && failures_ > 3; }));
  ASSERT_TRUE(sandbox_->Plug(side()));

  EXPECT_TRUE(AwaitUp()) << told_;
}

}  // namespace
}  // namespace balance
