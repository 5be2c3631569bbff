// Logins of one venue side by side, sick and healthy in random mixes, each read through all that
// stands between a caller and the venue's HTTP: whatever the others meet, a healthy login is read
// as if it were alone.

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clients/http/http_transport.h"
#include "clients/polysimulator/venue.h"
#include "clients/resilience/hold_off_source.h"
#include "service/feed/account_feed.h"
#include "service/feed/answer_schedule.h"
#include "service/feed/loop_heartbeat.h"
#include "service/server/source_factory.h"
#include "service/server/upstream_guards.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Health {
  kGood,
  kError500,
  kConflict,
  kTimeOut,
  kUnparsable,
  kBareNotFound,
  kRedirect,
  kRejected,
  kForbidden,
  kRateLimited,
  kRateLimitedWithPause,
};
constexpr int kHealths = static_cast<int>(Health::kRateLimitedWithPause) + 1;

// The only failure that a login of that health is told.
ErrorKind KindOf(Health health) {
  switch (health) {
    case Health::kTimeOut:
      return ErrorKind::kUnreachable;
    case Health::kError500:
    case Health::kConflict:
    case Health::kBareNotFound:
    case Health::kRedirect:
      return ErrorKind::kUpstreamError;
    case Health::kUnparsable:
      return ErrorKind::kReplyInvalid;
    case Health::kRejected:
      return ErrorKind::kCredentialsRejected;
    case Health::kForbidden:
      return ErrorKind::kForbidden;
    case Health::kRateLimited:
    case Health::kRateLimitedWithPause:
      return ErrorKind::kRateLimited;
    case Health::kGood:
      break;
  }
  return ErrorKind::kInternal;
}

struct Plan {
  std::string key;
  Health health = Health::kGood;
  // How long the venue thinks.
  Duration latency{};
  // How often a caller reads it.
  Duration cadence{};
  Duration first_read{};
  Duration ttl{};
};

// While it lasts no connection is made.
struct Outage {
  Duration begin{};
  Duration end{};
};

struct Seen {
  Duration at{};
  SourceState state{};
  std::optional<ErrorKind> failure;
};

// Times are counted from the beginning.
struct Record {
  std::vector<Duration> sent;
  std::vector<Seen> seen;
};

class ScriptedVenue final : public HttpTransport {
 public:
  ScriptedVenue(FakeClock& clock, const std::vector<Plan>& plans, std::vector<Outage> outages)
      : clock_(clock), begin_(clock.SteadyNow()), outages_(std::move(outages)) {
    for (const Plan& plan : plans) logins_.emplace(plan.key, plan);
  }

  boost::asio::awaitable<Result<HttpResponse>> Send(HttpRequest request) override {
    const std::string key = HeaderOf(request, "X-API-Key");
    records_[key].sent.push_back(clock_.SteadyNow() - begin_);
    const Plan& login = logins_.at(key);
    if (IsOut()) {
      Error refused{ErrorKind::kUnreachable, "refused"};
      refused.is_transient = true;
      refused.is_connect_failure = true;
      co_return tl::unexpected<Error>(refused);
    }
    if (login.health == Health::kTimeOut) {
      co_await clock_.SleepUntil(clock_.SteadyNow() + request.timeout);
      Error late{ErrorKind::kUnreachable, "no answer"};
      late.is_transient = true;
      co_return tl::unexpected<Error>(late);
    }
    co_await clock_.SleepUntil(clock_.SteadyNow() + login.latency);
    co_return AnswerOf(login.health);
  }

  std::map<std::string, Record>& records() { return records_; }

 private:
  bool IsOut() const {
    const Duration now = clock_.SteadyNow() - begin_;
    for (const Outage& outage : outages_) {
      if (outage.begin <= now && now < outage.end) return true;
    }
    return false;
  }

  static HttpResponse AnswerOf(Health health) {
    switch (health) {
      case Health::kError500:
        return {500, {}, "oops"};
      case Health::kConflict:
        return {409, {}, "busy"};
      case Health::kUnparsable:
        return {200, {}, "<html>maintenance</html>"};
      case Health::kBareNotFound:
        return {404, {}, "not here"};
      case Health::kRedirect:
        return {302, {{"Location", "https://elsewhere.example/"}}, ""};
      case Health::kRejected:
        return {401, {}, R"({"error":"INVALID_API_KEY"})"};
      case Health::kForbidden:
        return {403, {}, "error code: 1010"};
      case Health::kRateLimited:
        return {429, {}, ""};
      case Health::kRateLimitedWithPause:
        return {429, {{"Retry-After", "7"}}, ""};
      case Health::kGood:
      case Health::kTimeOut:
        break;
    }
    return {200,
            {},
            R"({"balance":"1.00","currency":"USD","starting_balance":"1.00",)"
            R"("unrealized_pnl":"0.00","total_value":"1.00"})"};
  }

  FakeClock& clock_;
  const SteadyTime begin_;
  const std::vector<Outage> outages_;
  std::map<std::string, Plan> logins_;
  std::map<std::string, Record> records_;
};

class NullSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>&) override { return 1; }
};

// Each login is the only source of an account, and has one caller.
class World {
 public:
  World(std::vector<Plan> plans, std::vector<Outage> outages)
      : plans_(std::move(plans)), venue_(clock_, plans_, std::move(outages)) {
    for (const Plan& plan : plans_) accounts_.push_back(MakeAccount(plan));
  }

  ~World() {
    for (const auto& account : accounts_) account->Stop();
    Run();
  }

  // Record of each key.
  std::map<std::string, Record> RunFor(Duration length) {
    constexpr Duration kTick = milliseconds(20);
    const SteadyTime begin = clock_.SteadyNow();
    std::vector<Duration> next;
    for (const Plan& plan : plans_) next.push_back(plan.first_read);
    for (Duration now{}; now < length; now += kTick) {
      for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (now < next[i]) continue;
        next[i] += plans_[i].cadence;
        accounts_[i]->Read({{}, {true}, clock_.SteadyNow() + seconds(10)},
                           [this, i, begin](const AccountAnswer& answer) {
                             Note(i, clock_.SteadyNow() - begin, answer.sources[0]);
                           });
        Run();
      }
      clock_.Advance(kTick);
      Run();
    }
    return venue_.records();
  }

 private:
  std::unique_ptr<AccountFeed> MakeAccount(const Plan& plan) {
    auto config = std::make_shared<SourceConfig>();
    config->info.account = plan.key;
    config->info.source = "polysimulator";
    config->info.kind = polysimulator::kKind;
    config->info.cache = {plan.ttl, seconds(0), seconds(60), plan.ttl / 10};
    config->upstream.rate = {20, 20};
    config->venue = &polysimulator::TheVenue();
    config->login = {{.tls = false, .host = "venue.example", .port = 80, .path_prefix = ""},
                     {},
                     std::make_shared<const Secret>(plan.key)};
    SourceParts parts{config,  CredentialFingerprint(*config), guards_.Of(*config),
                      nullptr, MakeAccountHoldOff(),           {}};
    AccountFeed::SourceSpec spec;
    spec.options.info = {config, &config->info};
    spec.options.refresh_budget = config->upstream.refresh_budget;
    spec.options.path = std::make_shared<const UpstreamPath>(parts.guards, parts.account, nullptr);
    spec.source = MakeSource(std::move(parts), venue_, SeededRandom(1), clock_);
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(std::move(spec));
    return std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_, sink_,
                                         std::move(specs));
  }

  void Note(std::size_t login, Duration at, const SourceView& view) {
    Seen seen{at, view.state, std::nullopt};
    if (view.failure) seen.failure = view.failure->error.kind;
    venue_.records()[plans_[login].key].seen.push_back(seen);
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  const std::vector<Plan> plans_;
  ScriptedVenue venue_;
  UpstreamGuards guards_{loop_.get_executor(), clock_, ConnectionLimits(), 7};
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  NullObserver observer_;
  NullSink sink_;
  std::vector<std::unique_ptr<AccountFeed>> accounts_;
};

class SickLoginsPropertyTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr Duration kLength = seconds(200);

  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  int Pick(int from, int to) {
    return from + static_cast<int>(random_() * static_cast<double>(to - from + 1));
  }
  Duration PickTime(Duration from, Duration to) {
    return milliseconds(20) *
           Pick(static_cast<int>(from / milliseconds(20)), static_cast<int>(to / milliseconds(20)));
  }

  // Plans of which at least one is healthy; all begin cold.
  std::vector<Plan> RandomMix() {
    std::vector<Plan> plans;
    const int logins = Pick(2, 12);
    const int healthy = Pick(1, std::max(1, logins / 2));
    for (int i = 0; i < logins; ++i) {
      Plan plan;
      plan.key = "ps_live_" + std::to_string(i);
      // Those that are healthy come last: the sick ones have shown what they are before.
      if (i < logins - healthy) plan.health = static_cast<Health>(Pick(1, kHealths - 1));
      plan.latency = PickTime(milliseconds(0), milliseconds(300));
      plan.cadence = PickTime(milliseconds(200), seconds(3));
      plan.first_read = PickTime(seconds(0), seconds(1));
      plan.ttl = PickTime(milliseconds(500), seconds(20));
      plans.push_back(plan);
    }
    return plans;
  }

  Random random_ = SeededRandom(GetParam());
};

TEST_P(SickLoginsPropertyTest, M80_AHealthyLoginIsReadAsIfItWereAlone) {
  const std::vector<Plan> plans = RandomMix();
  const auto records = World(plans, {}).RunFor(kLength);

  for (const Plan& plan : plans) {
    if (plan.health != Health::kGood) continue;
    SCOPED_TRACE(plan.key);
    const Record alone = World({plan}, {}).RunFor(kLength).at(plan.key);
    const Record& together = records.at(plan.key);
    EXPECT_GT(alone.sent.size(), kLength / (plan.ttl + plan.cadence + plan.latency) / 2);
    EXPECT_EQ(together.sent, alone.sent);
    for (const Seen& seen : together.seen) {
      ASSERT_EQ(seen.state, SourceState::kFresh) << seen.at.count();
      ASSERT_FALSE(seen.failure) << seen.at.count();
    }
  }
}

TEST_P(SickLoginsPropertyTest, M80_ASickLoginIsToldItsOwnFailureAndAskedEverMoreSeldom) {
  const std::vector<Plan> plans = RandomMix();
  const auto records = World(plans, {}).RunFor(kLength);

  for (const Plan& plan : plans) {
    if (plan.health == Health::kGood) continue;
    SCOPED_TRACE(plan.key + " " + std::to_string(static_cast<int>(plan.health)));
    const Record& record = records.at(plan.key);
    for (const Seen& seen : record.seen) {
      ASSERT_EQ(seen.state, SourceState::kNoData);
      ASSERT_EQ(seen.failure, KindOf(plan.health)) << seen.at.count();
    }
    const bool has_other_guard =
        plan.health == Health::kRateLimited || plan.health == Health::kRateLimitedWithPause;
    // Five to see that it keeps failing; then pauses of 5, 10, 20, 40 and 60 s.
    EXPECT_LE(record.sent.size(), has_other_guard ? kLength / seconds(7) + 5 : 5U + 6U);
    for (std::size_t i = 5; i < record.sent.size() && !has_other_guard; ++i) {
      EXPECT_GE(record.sent[i] - record.sent[i - 1], seconds(5)) << i;
    }
  }
}

TEST_P(SickLoginsPropertyTest, M82_AfterAnOutageEveryHealthyLoginIsReadAgainAsIfItWereAlone) {
  const std::vector<Plan> plans = RandomMix();
  const Duration begin = PickTime(seconds(5), seconds(30));
  const Outage outage{begin, begin + PickTime(seconds(1), seconds(60))};
  const auto records = World(plans, {outage}).RunFor(kLength);

  for (const Plan& plan : plans) {
    SCOPED_TRACE(plan.key + " " + std::to_string(static_cast<int>(plan.health)));
    const Record& record = records.at(plan.key);
    const bool is_healthy = plan.health == Health::kGood;
    // The longest pause, the turn before its own, the probe of a login that then times out, and the
    // caller who comes after them.
    const Duration back =
        outage.end + seconds(61) + ConfigDefaults::kAttemptTimeout + plan.cadence + plan.latency;
    for (const Seen& seen : record.seen) {
      if (seen.failure && *seen.failure != ErrorKind::kUnreachable) {
        ASSERT_FALSE(is_healthy);
        ASSERT_EQ(*seen.failure, KindOf(plan.health));
      }
      if (!is_healthy || (seen.at >= outage.begin && seen.at < back)) continue;
      ASSERT_EQ(seen.state, SourceState::kFresh) << seen.at.count();
      ASSERT_FALSE(seen.failure) << seen.at.count();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SickLoginsPropertyTest, testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace balance
