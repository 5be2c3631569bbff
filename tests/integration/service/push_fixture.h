#pragma once

// A service that holds a push socket to a venue of the sandbox, and a stream of its account.

#include <gmock/gmock.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/mutex.h"
#include "tests/integration/service/running_service.h"
#include "tests/support/becomes.h"

namespace balance {

using WatchMessage = v1::WatchAccountSnapshotsResponse;

// A stream of an account, read on a thread of its own.
class Watching {
 public:
  explicit Watching(v1::BalanceService::Stub& stub, const std::string& account = "desk-1") {
    v1::WatchAccountSnapshotsRequest request;
    request.add_names("accounts/" + account);
    reader_ = stub.WatchAccountSnapshots(&context_, request);
    thread_ = std::thread([this] {
      WatchMessage message;
      while (reader_->Read(&message)) {
        const MutexLock lock(mutex_);
        messages_.push_back(message);
      }
      reader_->Finish();
    });
  }
  ~Watching() {
    context_.TryCancel();
    thread_.join();
  }

  std::vector<WatchMessage> messages() const {
    const MutexLock lock(mutex_);
    return messages_;
  }
  // The source as the newest snapshot has it.
  v1::SourceBalance Newest(int source) const {
    const MutexLock lock(mutex_);
    for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
      if (message->has_snapshot()) return message->snapshot().sources(source);
    }
    return {};
  }
  bool IsSynced() const {
    return Becomes([this] {
      const auto all = messages();
      return std::any_of(all.begin(), all.end(), [](const WatchMessage& message) {
        return message.has_heartbeat() || message.has_snapshot();
      });
    });
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<WatchMessage>> reader_;
  std::thread thread_;
  mutable Mutex mutex_;
  std::vector<WatchMessage> messages_ BALANCE_GUARDED_BY(mutex_);
};

inline std::string CashOf(const v1::SourceBalance& source) {
  if (source.balance_set().balances().empty()) return {};
  return source.balance_set().balances(0).cash().value();
}

struct PushedVenue {
  const char* name;
  sandbox::Side side;
  const char* source;
  // In a snapshot of desk-1.
  int index;
  const char* kind;
  const char* socket_path;
  const char* balance_path;

  friend void PrintTo(const PushedVenue& it, std::ostream* out) { *out << it.name; }
};

inline constexpr PushedVenue kPushedVenues[] = {
    {"PolymarketUs", sandbox::Side::kPolymarket, "polymarket-us", kPolymarketUs, "POLYMARKET_US",
     "/v1/ws/private", "/v1/account/balances"},
    {"PolySimulator", sandbox::Side::kPolysimulator, "polysimulator", kPolySimulator,
     "POLYSIMULATOR", "/v1/ws/executions", "/v1/account/balance"}};

inline constexpr const char* kOn = "{enabled: true}";
inline constexpr const char* kUnlimited =
    "{attempt_timeout: 1s, refresh_budget: 1s, requests_per_second: 1000, burst: 1000}";

// Sockets that come back soon.
inline PushFeed::Options Quick() {
  PushFeed::Options options;
  options.least_pause = std::chrono::milliseconds(1);
  options.longest_pause = std::chrono::milliseconds(50);
  return options;
}

class PushMatrixTest : public ::testing::TestWithParam<PushedVenue> {
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
    polymarket.socket_heartbeat = std::chrono::milliseconds(50);
    upstreams().SetSwitches(polymarket);
    upstreams().LiftRequestLimits();
    Push(push);
    service_->Reload();
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH)) << Log();
  }

  // Edits the configuration file: it takes effect with the next reload.
  void Push(const std::string& settings) {
    const std::string login =
        side() == sandbox::Side::kPolymarket ? "    polymarket_us:\n" : "    polysimulator:\n";
    if (push_.empty()) {
      service_->Edit(login, "    push: " + settings + "\n" + login);
    } else {
      service_->Edit("    push: " + push_, "    push: " + settings);
    }
    push_ = settings;
  }

  sandbox::Side side() const { return GetParam().side; }
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
    if (side() == sandbox::Side::kPolymarket) {
      auto ledger = upstreams().polymarket_ledger();
      ledger.rows.at(0).current_balance = std::to_string(++moved_) + ".25";
      EXPECT_TRUE(upstreams().SetLedger(ledger));
      return ledger.rows.at(0).current_balance;
    }
    const auto order = upstreams().PlaceOrder("1.00");
    EXPECT_TRUE(order && upstreams().FillOrder(*order));
    return upstreams().polysim_ledger().balance;
  }

  void Act(sandbox::SocketFaultKind kind,
           const std::function<void(sandbox::SocketFault&)>& change = {}) {
    sandbox::SocketFault fault;
    fault.kind = kind;
    if (change) change(fault);
    EXPECT_EQ(upstreams().Act(side(), fault), 1);
  }
  void Flood(int frames) {
    Act(sandbox::SocketFaultKind::kFlood,
        [=](sandbox::SocketFault& fault) { fault.frames = frames; });
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
    if (side() == sandbox::Side::kPolymarket) {
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
      EXPECT_THAT(shown, testing::Not(testing::HasSubstr(token)));
    }
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr(upstreams().polysim_key().api_key)));
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr(upstreams().polymarket_key().key_id)));
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr("token=")));
  }

  const std::shared_ptr<spdlog::logger> logger_before_;
  const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> lines_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(10'000);
  std::string push_;
  int moved_ = 700;
  bool is_stopped_ = false;
};

}  // namespace balance
