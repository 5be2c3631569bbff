// Rows of the fault matrix in tests/README.md: the venues' push sockets, as the whole service holds
// them.

#include <gmock/gmock.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/service/running_service.h"
#include "tests/support/becomes.h"

namespace balance {
namespace {

using sandbox::Side;
using sandbox::SocketFault;
using sandbox::SocketFaultKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using Message = v1::WatchAccountSnapshotsResponse;

// A stream of an account, read on a thread of its own.
class Watching {
 public:
  explicit Watching(v1::BalanceService::Stub& stub, const std::string& account = "desk-1") {
    v1::WatchAccountSnapshotsRequest request;
    request.add_names("accounts/" + account);
    reader_ = stub.WatchAccountSnapshots(&context_, request);
    thread_ = std::thread([this] {
      Message message;
      while (reader_->Read(&message)) {
        const std::lock_guard lock(mutex_);
        messages_.push_back(message);
      }
      reader_->Finish();
    });
  }
  ~Watching() {
    context_.TryCancel();
    thread_.join();
  }

  std::vector<Message> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  // The source as the newest snapshot has it.
  v1::SourceBalance Newest(int source) const {
    const std::lock_guard lock(mutex_);
    for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
      if (message->has_snapshot()) return message->snapshot().sources(source);
    }
    return {};
  }
  bool IsSynced() const {
    return Becomes([this] {
      const auto all = messages();
      return std::any_of(all.begin(), all.end(), [](const Message& message) {
        return message.has_heartbeat() || message.has_snapshot();
      });
    });
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
  std::thread thread_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Message> messages_;
};

std::string CashOf(const v1::SourceBalance& source) {
  if (source.balance_set().balances().empty()) return {};
  return source.balance_set().balances(0).cash().value();
}

struct PushedVenue {
  const char* name;
  Side side;
  const char* source;
  // In a snapshot of desk-1.
  int index;
  const char* kind;
  const char* socket_path;
  const char* balance_path;

  friend void PrintTo(const PushedVenue& it, std::ostream* out) { *out << it.name; }
};

const PushedVenue kVenues[] = {
    {"PolymarketUs", Side::kPolymarket, "polymarket-us", kPolymarketUs, "POLYMARKET_US",
     "/v1/ws/private", "/v1/account/balances"},
    {"PolySimulator", Side::kPolysimulator, "polysimulator", kPolySimulator, "POLYSIMULATOR",
     "/v1/ws/executions", "/v1/account/balance"}};

constexpr const char* kOn = "{enabled: true}";
constexpr const char* kUnlimited =
    "{attempt_timeout: 1s, refresh_budget: 1s, requests_per_second: 1000, burst: 1000}";

// Sockets that come back soon.
PushFeed::Options Quick() {
  PushFeed::Options options;
  options.least_pause = milliseconds(1);
  options.longest_pause = milliseconds(50);
  return options;
}

class PushMatrixTest : public testing::TestWithParam<PushedVenue> {
 protected:
  PushMatrixTest() : logger_before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", lines_));
  }

  ~PushMatrixTest() override {
    CheckSecrecy();
    service_.reset();
    spdlog::set_default_logger(logger_before_);
  }

  // A service whose desk-1 has push at the venue, up and with a reading.
  void Start(const std::string& cache = "{ttl: 60s, min_refresh_interval: 0.001s}",
             const std::string& push = kOn, PushFeed::Options options = Quick(),
             const std::string& upstream = kUnlimited) {
    service_ = std::make_unique<RunningService>(cache, upstream, options);
    auto polymarket = upstreams().polymarket_switches();
    polymarket.socket_heartbeat = milliseconds(50);
    upstreams().SetSwitches(polymarket);
    upstreams().LiftRequestLimits();
    Push(push);
    service_->Reload();
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH)) << Log();
  }

  // Edits the configuration file: it takes effect with the next reload.
  void Push(const std::string& settings) {
    const std::string login =
        side() == Side::kPolymarket ? "    polymarket_us:\n" : "    polysimulator:\n";
    if (push_.empty()) {
      service_->Edit(login, "    push: " + settings + "\n" + login);
    } else {
      service_->Edit("    push: " + push_, "    push: " + settings);
    }
    push_ = settings;
  }

  Side side() const { return GetParam().side; }
  const char* source() const { return GetParam().source; }
  int index() const { return GetParam().index; }
  sandbox::Sandbox& upstreams() { return service_->upstreams(); }
  sandbox::SideCounters Counters() { return upstreams().Counters(side()); }
  std::uint64_t Reads() { return Counters().by_path[GetParam().balance_path].requests; }

  v1::Source::Feed FeedOf(const std::string& name) const { return service_->PathOf(name).feed(); }
  bool FeedBecomes(v1::Source::Feed feed) {
    return Becomes([&] { return FeedOf(source()) == feed; });
  }

  // Something happens of which the venue tells. Returns the cash as it is now.
  std::string MoveMoney() {
    if (side() == Side::kPolymarket) {
      auto ledger = upstreams().polymarket_ledger();
      ledger.rows.at(0).current_balance = std::to_string(++moved_) + ".25";
      EXPECT_TRUE(upstreams().SetLedger(ledger));
      return ledger.rows.at(0).current_balance;
    }
    const auto order = upstreams().PlaceOrder("1.00");
    EXPECT_TRUE(order && upstreams().FillOrder(*order));
    return upstreams().polysim_ledger().balance;
  }

  void Act(SocketFaultKind kind, const std::function<void(SocketFault&)>& change = {}) {
    SocketFault fault;
    fault.kind = kind;
    if (change) change(fault);
    EXPECT_EQ(upstreams().Act(side(), fault), 1);
  }
  void Flood(int frames) {
    Act(SocketFaultKind::kFlood, [=](SocketFault& fault) { fault.frames = frames; });
  }

  // Every request for that path is answered so, until ClearFaults().
  void Refuse(const std::string& path, int status, const std::string& retry_after = "",
              const std::string& key = "") {
    sandbox::Fault refusal;
    refusal.status = status;
    // With a code, or PolySimulator's edge is meant.
    refusal.headers = {{"Content-Type", "application/json"}};
    if (!retry_after.empty()) refusal.headers.push_back({"Retry-After", retry_after});
    refusal.body = R"({"error":"REFUSED","message":"refused"})";
    refusal.path = path;
    refusal.key = key;
    refusal.count = 0;
    upstreams().Push(side(), refusal);
  }

  // Another credential of the same money.
  void RotateSecret() {
    if (side() == Side::kPolymarket) {
      const sandbox::PolymarketKey key = sandbox::GeneratePolymarketKey();
      EXPECT_TRUE(upstreams().AddKey(key));
      service_->WriteSecret("key-id", key.key_id);
      service_->WriteSecret("secret-key", key.secret_key);
    } else {
      const sandbox::PolysimKey key = sandbox::GeneratePolysimKey();
      EXPECT_TRUE(upstreams().AddKey(key));
      service_->WriteSecret("api-key", key.api_key);
    }
    service_->Reload();
  }

  void StopServer() {
    service_->server().Stop();
    is_stopped_ = true;
  }

  // What is known, without a request.
  v1::SourceBalance Cached() {
    v1::GetAccountSnapshotRequest request;
    request.mutable_policy()->set_only_if_cached(true);
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(service_->Get(snapshot, request).ok());
    return snapshot.sources(index());
  }

  double Metric(const std::string& name, const std::string& label) const {
    int status = 0;
    const std::string page = service_->AdminPage("/metrics", status);
    const std::string series = "\n" + name + "{kind=\"" + GetParam().kind + "\"," + label + "} ";
    const auto at = page.find(series);
    return at == std::string::npos ? -1 : std::stod(page.substr(at + series.size()));
  }

  std::string Log() const {
    std::string text;
    for (const std::string& line : lines_->last_formatted()) text += line;
    return text;
  }

  std::unique_ptr<RunningService> service_;

 private:
  // Whatever happened, no secret was written anywhere.
  void CheckSecrecy() {
    if (!service_) return;
    int status = 0;
    std::string shown = Log();
    if (!is_stopped_) {
      for (const char* page : {"/metrics", "/statusz", "/?format=html"}) {
        shown += service_->AdminPage(page, status);
      }
    }
    for (const std::string& token : upstreams().SocketTokens()) {
      EXPECT_THAT(shown, Not(HasSubstr(token)));
    }
    EXPECT_THAT(shown, Not(HasSubstr(upstreams().polysim_key().api_key)));
    EXPECT_THAT(shown, Not(HasSubstr(upstreams().polymarket_key().key_id)));
    EXPECT_THAT(shown, Not(HasSubstr("token=")));
  }

  const std::shared_ptr<spdlog::logger> logger_before_;
  const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> lines_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(10'000);
  std::string push_;
  int moved_ = 700;
  bool is_stopped_ = false;
};

INSTANTIATE_TEST_SUITE_P(Venues, PushMatrixTest, testing::ValuesIn(kVenues),
                         [](const auto& venue) { return std::string(venue.param.name); });

TEST_P(PushMatrixTest, M170_AChangeIsSeenAtOnceWhereSomebodyWatches) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));

  for (int i = 0; i < 3; ++i) {
    const std::string cash = MoveMoney();

    EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; })) << cash;
    EXPECT_EQ(watching.Newest(index()).freshness().origin(), v1::Freshness::PUSH_HINT);
    EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);
  }
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"STARTED\""), 3);
}

TEST_P(PushMatrixTest, M170_WhereNobodyReadsOrWatchesAHintSendsNothing) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service_->GetAnew(snapshot).ok());
  ASSERT_EQ(Cached().state(), v1::SourceBalance::FRESH);
  const std::uint64_t before = Reads();

  const std::string cash = MoveMoney();

  ASSERT_TRUE(Becomes([&] { return Cached().state() == v1::SourceBalance::STALE; }));
  EXPECT_NE(CashOf(Cached()), cash);
  EXPECT_EQ(Reads(), before);
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"UNWANTED\""), 1);
  ASSERT_TRUE(Becomes(
      [&] { return service_->Get(snapshot).ok() && CashOf(snapshot.sources(index())) == cash; }));
  EXPECT_EQ(snapshot.sources(index()).freshness().origin(), v1::Freshness::POLL);
  EXPECT_EQ(Reads(), before + 1);
}

TEST_P(PushMatrixTest, M170_NoFigureOfAFrameIsEverShown) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  const std::uint64_t before = Reads();
  for (const char* frame :
       {R"({"requestId":"balances","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",)"
        R"("accountBalancesUpdate":{"balanceChange":{"beforeBalance":null,"afterBalance":)"
        R"({"currentBalance":99999.99,"currency":"USD","buyingPower":99999.99}}},"error":""})",
        R"({"type":"fill","price":"99999.99","quantity":"99999.99","balance":"99999.99"})",
        R"({"accountBalanceUpdate":{"balance":99999.99,"buyingPower":99999.99}})"}) {
    Act(SocketFaultKind::kText, [=](SocketFault& fault) { fault.body = frame; });
    ASSERT_TRUE(Becomes([&] { return Reads() > before; }));
  }
  const std::string cash = MoveMoney();
  ASSERT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));

  for (const Message& message : watching.messages()) {
    EXPECT_THAT(message.ShortDebugString(), Not(HasSubstr("99999.99")));
  }
}

TEST_P(PushMatrixTest, M171_AFloodOfHintsCostsOneRequestAnIntervalAndHoldsTheCeiling) {
  Start("{ttl: 60s, min_refresh_interval: 0.1s}", kOn, Quick(),
        "{attempt_timeout: 1s, refresh_budget: 5s, requests_per_second: 4, burst: 1}");
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  const double heard = Metric("balance_push_hints_total", "result=\"JOINED\"");

  const auto began = steady_clock::now();
  std::string cash;
  for (int i = 0; i < 20; ++i) {
    Flood(500);
    std::this_thread::sleep_for(milliseconds(100));
    if (i == 15) cash = MoveMoney();
  }
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  const std::chrono::duration<double> took = steady_clock::now() - began;

  EXPECT_TRUE(Becomes(
      [&] { return Metric("balance_push_hints_total", "result=\"JOINED\"") >= heard + 9000; }));
  EXPECT_LE(static_cast<double>(Reads()), 4 * took.count() + 3);
  // One may arrive late.
  EXPECT_LE(Counters().total.max_in_a_second, 4 + 1);
}

TEST_P(PushMatrixTest, M172_HintsDuringAFlightBringExactlyOneSuccessor) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  upstreams().SetLatency(side(), milliseconds(300));
  std::thread reader([this] {
    v1::SourceBalance balance;
    EXPECT_TRUE(service_->GetSource(source(), balance).ok());
  });
  ASSERT_TRUE(Becomes([&] { return Reads() == 1; }));

  Flood(100);
  const std::string cash = MoveMoney();
  reader.join();

  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_TRUE(Becomes([&] { return Cached().freshness().origin() == v1::Freshness::PUSH_HINT; }));
  EXPECT_EQ(Reads(), 2u);
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"QUEUED\""), 1);
  upstreams().SetLatency(side(), Duration::zero());
}

TEST_P(PushMatrixTest, M173_HintsDuringAPauseAreAnsweredOnceWhenItIsOver) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  Refuse(GetParam().balance_path, 429, "2");
  std::string cash = MoveMoney();
  ASSERT_TRUE(Becomes([&] { return watching.Newest(index()).has_failure(); }));
  const auto began = steady_clock::now();
  upstreams().ClearFaults(side());
  ASSERT_EQ(Reads(), 1u);

  for (int i = 0; i < 10; ++i) Flood(100);
  cash = MoveMoney();
  ASSERT_TRUE(
      Becomes([&] { return Metric("balance_push_hints_total", "result=\"FORBIDDEN\"") >= 1000; }));
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::STALE);
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));

  EXPECT_GE(steady_clock::now() - began, milliseconds(1800));
  EXPECT_EQ(Reads(), 2u);
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);
}

TEST_P(PushMatrixTest, M174_ASilentSocketIsReplacedAndMeanwhilePolledAtTheTtl) {
  PushFeed::Options options = Quick();
  options.longest_silence = milliseconds(1500);
  options.keep_alive = milliseconds(50);
  Start("{ttl: 0.2s, min_refresh_interval: 0.01s}", "{enabled: true, poll_interval: 60s}", options);
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  // Of the feed that is up nothing is asked.
  ASSERT_TRUE(
      Becomes([&] { return watching.Newest(index()).state() == v1::SourceBalance::FRESH; }));
  const std::uint64_t quiet = Reads();
  std::this_thread::sleep_for(seconds(1));
  EXPECT_LE(Reads(), quiet + 1);
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);

  SocketFault silence;
  silence.kind = SocketFaultKind::kSilence;
  silence.count = 0;
  upstreams().Push(side(), silence);
  Act(SocketFaultKind::kSilence);

  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  const std::uint64_t down = Reads();
  EXPECT_TRUE(Becomes([&] { return Reads() >= down + 5; })) << "polled at its TTL";
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.opened >= 3; }));
  EXPECT_GE(Metric("balance_push_reconnects_total", "reason=\"SILENT\""), 1);
  int status = 0;
  EXPECT_THAT(service_->AdminPage("/metrics", status),
              HasSubstr(std::string("balance_sources_by_feed{feed=\"PUSH_DOWN\",kind=\"") +
                        GetParam().kind + "\"} 1"));
  upstreams().ClearSocketFaults(side());
  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH));
  EXPECT_THAT(Log(), HasSubstr("push is down"));
  EXPECT_THAT(Log(), HasSubstr("push is up again after"));
}

TEST_P(PushMatrixTest, M174_WhatHappenedWithoutASocketIsReadWhenItIsBack) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  Refuse(GetParam().socket_path, 503);
  Act(SocketFaultKind::kDrop);
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
  const std::string cash = MoveMoney();
  std::this_thread::sleep_for(milliseconds(100));
  ASSERT_NE(CashOf(watching.Newest(index())), cash) << "its TTL is a minute";

  upstreams().ClearFaults(side());

  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_EQ(watching.Newest(index()).freshness().origin(), v1::Freshness::PUSH_HINT);
  EXPECT_EQ(FeedOf(source()), v1::Source::PUSH);
}

TEST_P(PushMatrixTest, M175_EveryEndIsFollowedByASocketWithAFreshCredential) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(watching.IsSynced());
  upstreams().ResetCounters(side());
  std::vector<SocketFault> ends(8);
  for (std::size_t i = 0; const int code : {1000, 1001, 1008, 1011, 4001}) ends[i++].code = code;
  ends[5].kind = SocketFaultKind::kDrop;
  ends[6].kind = SocketFaultKind::kReset;
  ends[7].kind = SocketFaultKind::kRaw;
  ends[7].body = "this is no frame";
  std::uint64_t opened = 0;
  for (const SocketFault& end : ends) {
    // The one before has left by now.
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }));
    ASSERT_EQ(upstreams().Act(side(), end), 1);
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened > opened; }));
    opened = Counters().sockets.opened;
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
    const std::string cash = MoveMoney();
    EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  }

  const sandbox::SideCounters counters = Counters();
  EXPECT_EQ(opened, ends.size());
  EXPECT_EQ(counters.total.reused_signatures, 0u);
  EXPECT_EQ(counters.auth_failures, 0u);
  EXPECT_EQ(Metric("balance_push_reconnects_total", "reason=\"CLOSED\""), 5);
  EXPECT_EQ(Metric("balance_push_reconnects_total", "reason=\"BROKEN\""), 3);
}

TEST_P(PushMatrixTest, M175_BadMessagesAreHintsAndDoNoHarm) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  for (const char* body : {"{", "[1,2", "\xff\xfe", "", "null", "\"heartbeat\"", "{}"}) {
    Act(SocketFaultKind::kBinary, [=](SocketFault& fault) { fault.body = body; });
  }
  Act(SocketFaultKind::kText, [](SocketFault& fault) {
    fault.body = "{}";
    fault.size = (1 << 20) + 1;
  });

  // What is too large ends the socket.
  ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened >= 2; }));
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_GE(Metric("balance_push_reconnects_total", "reason=\"REFUSED\""), 1);
}

TEST_P(PushMatrixTest, M176_RefusedUpgradesHoldTheCredentialOffAsRestDoes) {
  Start();
  for (const int status : {401, 403, 429}) {
    upstreams().ResetCounters(side());
    Refuse(GetParam().socket_path, status, "30");
    Act(SocketFaultKind::kDrop);
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
    ASSERT_TRUE(Becomes([&] {
      const v1::Source path = service_->PathOf(source());
      return status == 429 ? path.has_blocked_until() : path.has_hold_off_until();
    })) << status;
    v1::SourceBalance balance;
    const std::uint64_t reads = Reads();

    const std::string reason = ReasonOf(service_->GetSource(source(), balance));

    EXPECT_THAT(reason,
                AnyOf("SOURCE_CREDENTIALS_REJECTED", "SOURCE_FORBIDDEN", "SOURCE_RATE_LIMITED"));
    EXPECT_EQ(Reads(), reads) << "nothing is sent with that credential";
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_EQ(Counters().by_path.at(GetParam().socket_path).by_status.at(status), 1u);
    if (status == 429) break;
    // Another secret of the same wallet ends it.
    upstreams().ClearFaults(side());
    RotateSecret();
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH)) << status;
    // That ends the rotation: the one before is not asked any more.
    ASSERT_TRUE(service_->GetSource(source(), balance).ok());
  }
}

TEST_P(PushMatrixTest, M177_AReloadTurnsPushOffAndOnWithoutLosingTheReading) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service_->GetAnew(snapshot).ok());
  const auto observed = snapshot.sources(index()).freshness().observe_time();
  const auto is_kept = [&] {
    const v1::SourceBalance cached = Cached();
    return cached.freshness().observe_time().seconds() == observed.seconds() &&
           cached.freshness().observe_time().nanos() == observed.nanos();
  };
  upstreams().ResetCounters(side());

  Push("{enabled: true, poll_interval: 90s}");
  service_->Reload();
  EXPECT_EQ(FeedOf(source()), v1::Source::PUSH) << "it is the same socket";
  EXPECT_EQ(service_->PathOf(source()).poll_interval().seconds(), 90);
  EXPECT_EQ(Counters().sockets.open, 1u);
  EXPECT_EQ(Counters().sockets.opened, 0u);
  EXPECT_TRUE(is_kept());
  EXPECT_EQ(Cached().state(), v1::SourceBalance::FRESH);

  Push("{enabled: false}");
  service_->Reload();
  EXPECT_EQ(FeedOf(source()), v1::Source::POLL);
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 0; }));
  EXPECT_EQ(Counters().sockets.ended_by_code[1000], 1u) << "leave is taken";
  EXPECT_TRUE(is_kept());
  EXPECT_EQ(Cached().state(), v1::SourceBalance::FRESH);

  MoveMoney();
  Push(kOn);
  service_->Reload();
  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH));
  EXPECT_TRUE(is_kept());
  EXPECT_TRUE(Becomes([&] { return Cached().state() == v1::SourceBalance::STALE; }))
      << "nobody told what happened meanwhile";
  EXPECT_EQ(Reads(), 0u);
}

TEST_P(PushMatrixTest, M177_ARotatedSecretGetsASocketOfItsOwn) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());

  RotateSecret();

  ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened == 1; }));
  ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }));
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_EQ(Counters().auth_failures, 0u);
}

TEST_P(PushMatrixTest, M180_AStopTakesLeaveOfTheVenue) {
  Start();
  StopServer();

  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 0; }));
  EXPECT_EQ(Counters().sockets.ended_by_code[1000], 1u);
}

TEST_P(PushMatrixTest, M180_AStopDoesNotWaitLongForAVenueThatDoesNotAnswer) {
  Start();
  Act(SocketFaultKind::kFreeze);
  const auto began = steady_clock::now();

  StopServer();

  EXPECT_LT(steady_clock::now() - began, seconds(4));
}

// Two accounts that read PolySimulator, with keys of their own or with one.
class TwoDesksTest : public testing::Test {
 protected:
  static constexpr Side kSide = Side::kPolysimulator;
  static constexpr const char* kDesk1 = "accounts/desk-1/sources/polysimulator";
  static constexpr const char* kDesk2 = "accounts/desk-2/sources/polysimulator";

  TwoDesksTest() : service_("{ttl: 60s, min_refresh_interval: 0.001s}", kUnlimited, Quick()) {
    service_.upstreams().LiftRequestLimits();
    service_.Edit("    polysimulator:\n", "    push: {enabled: true}\n    polysimulator:\n");
    service_.Edit("- id: desk-2\n  sources:\n  - id: polysimulator\n",
                  "- id: desk-2\n  sources:\n  - id: polysimulator\n    push: {enabled: true} #\n");
  }

  bool AreUp() {
    return Becomes([&] {
      return service_.PathOf(kDesk1).feed() == v1::Source::PUSH &&
             service_.PathOf(kDesk2).feed() == v1::Source::PUSH;
    });
  }

  void Fill() {
    const auto order = service_.upstreams().PlaceOrder("1.00");
    ASSERT_TRUE(order && service_.upstreams().FillOrder(*order));
  }
  std::string Cash() { return service_.upstreams().polysim_ledger().balance; }
  sandbox::SideCounters Counters() { return service_.upstreams().Counters(kSide); }

  RunningService service_;
};

TEST_F(TwoDesksTest, M178_AccountsThatShareALoginShareOneSocketAndEveryHint) {
  service_.Edit("other-api-key}", "api-key}");
  service_.Reload();
  ASSERT_TRUE(AreUp());
  const Watching one(service_.stub(), "desk-1");
  const Watching two(service_.stub(), "desk-2");
  ASSERT_TRUE(Becomes([&] { return !CashOf(two.Newest(0)).empty(); }));
  EXPECT_EQ(Counters().sockets.opened, 1u);

  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(one.Newest(kPolySimulator)) == Cash(); }));
  EXPECT_TRUE(Becomes([&] { return CashOf(two.Newest(0)) == Cash(); }));
  EXPECT_EQ(one.Newest(kPolySimulator).freshness().origin(), v1::Freshness::PUSH_HINT);
  EXPECT_EQ(two.Newest(0).freshness().origin(), v1::Freshness::PUSH_HINT);

  // The first one leaves: the other keeps the socket.
  service_.Edit("    push: {enabled: true}\n", "");
  service_.Reload();
  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(two.Newest(0)) == Cash(); }));
  EXPECT_EQ(Counters().sockets.opened, 1u);
  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::POLL);
  EXPECT_EQ(service_.PathOf(kDesk2).feed(), v1::Source::PUSH);

  // And so does one that comes back later: there is a socket already.
  service_.Edit("    polysimulator:\n", "    push: {enabled: true}\n    polysimulator:\n");
  service_.Reload();
  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::PUSH);
  EXPECT_EQ(Counters().sockets.opened, 1u);
}

TEST_F(TwoDesksTest, M176_TheSickSocketOfOneLoginLeavesAHealthyOneAlone) {
  const std::string sick = service_.upstreams().polysim_key().api_key.substr(0, 16);
  for (const char* path : {"/v1/keys/ws-token", "/v1/ws/executions"}) {
    sandbox::Fault refusal;
    refusal.status = 401;
    refusal.headers = {{"Content-Type", "application/json"}};
    refusal.body = R"({"error":"INVALID_KEY","message":"refused"})";
    refusal.path = path;
    refusal.key = sick;
    refusal.count = 0;
    service_.upstreams().Push(kSide, refusal);
  }
  service_.Reload();
  ASSERT_TRUE(Becomes([&] { return service_.PathOf(kDesk2).feed() == v1::Source::PUSH; }));
  ASSERT_TRUE(Becomes([&] { return service_.PathOf(kDesk1).has_hold_off_until(); }));
  const Watching healthy(service_.stub(), "desk-2");
  ASSERT_TRUE(Becomes([&] { return !CashOf(healthy.Newest(0)).empty(); }));

  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::PUSH_DOWN);
  EXPECT_FALSE(service_.PathOf(kDesk2).has_hold_off_until());
  EXPECT_FALSE(healthy.Newest(0).has_failure());
  const std::uint64_t asked = Counters().by_key[sick].requests;
  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(healthy.Newest(0)) == Cash(); }));
  EXPECT_EQ(Counters().by_key[sick].requests, asked) << "it is left alone";
}

TEST_F(TwoDesksTest, M175_EachSocketHasATokenOfItsOwn) {
  service_.Reload();
  ASSERT_TRUE(AreUp());
  for (int i = 0; i < 5; ++i) {
    SocketFault expired;
    expired.code = 4001;
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 2; }));
    ASSERT_EQ(service_.upstreams().Act(kSide, expired), 2);
    const std::uint64_t sockets = 2 * static_cast<std::uint64_t>(i + 2);
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened == sockets; }));
    ASSERT_TRUE(AreUp());
  }

  const auto tokens = service_.upstreams().SocketTokens();
  EXPECT_EQ(tokens.size(), 12u);
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 12u);
  EXPECT_EQ(Counters().auth_failures, 0u);
}

// Everything at once, and again: whatever happened, the last figure is shown and the socket is
// back.
TEST_P(PushMatrixTest, M175_AnyMixOfTroubleEndsWithTheLastFigure) {
  Start("{ttl: 1s, min_refresh_interval: 0.01s}", "{enabled: true, poll_interval: 60s}", Quick(),
        "{attempt_timeout: 0.3s, refresh_budget: 0.5s, requests_per_second: 18, burst: 1}");
  const Watching watching(service_->stub());
  ASSERT_TRUE(watching.IsSynced());
  upstreams().ResetCounters(side());
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto end = steady_clock::now() + seconds(4);
  while (steady_clock::now() < end) {
    SocketFault fault;
    fault.kind = static_cast<SocketFaultKind>(random() % 9);
    fault.frames = 50;
    fault.body = random() % 2 == 0 ? "{" : R"({"heartbeat":{}})";
    fault.count = 1 + static_cast<int>(random() % 2);
    switch (random() % 6) {
      case 0:
        upstreams().Push(side(), fault);
        break;
      case 1:
        if (random() % 2 == 0) {
          Refuse(GetParam().socket_path, random() % 2 == 0 ? 503 : 500);
        } else {
          upstreams().PushNamed(side(), "reset");
        }
        break;
      case 2:
        upstreams().ClearFaults(side());
        break;
      case 3:
        Push(random() % 2 == 0 ? kOn : "{enabled: true, poll_interval: 30s}");
        service_->Reload();
        break;
      case 4:
        MoveMoney();
        break;
      default:
        upstreams().Act(side(), fault);
        break;
    }
    std::this_thread::sleep_for(milliseconds(random() % 60));
  }
  upstreams().ClearFaults(side());
  upstreams().ClearSocketFaults(side());
  SocketFault drop;
  drop.kind = SocketFaultKind::kDrop;
  upstreams().Act(side(), drop);

  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH)) << Log();
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; })) << Log();
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }))
      << Counters().sockets.open << " are open" << Log();
  EXPECT_LE(Counters().total.max_in_a_second, 20);
}

}  // namespace
}  // namespace balance
