#include "tests/soak/watching.h"

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>

#include "tests/soak/chaos.h"
#include "tests/soak/desk.h"
#include "tests/soak/scratch_folder.h"
#include "tests/soak/soak_run.h"
#include "tests/soak/watching_clients.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kTtlSeconds = 1;
constexpr int kMaxStaleSeconds = 30;
constexpr auto kReloadEvery = seconds(20);
// A breaker waits a minute at most, and a stream that ends then begins anew within seconds.
constexpr auto kSettled = seconds(100);

std::string Yaml(const sandbox::Sandbox& upstreams, const std::string& folder, bool with_spare) {
  return "listen: 127.0.0.1:0\n"
         "admin_listen: 127.0.0.1:0\n"
         "accounts:\n" +
         DeskYaml("desk-1", upstreams, folder) +
         (with_spare ? DeskYaml("spare", upstreams, folder) : "") +
         "cache: {ttl: " + std::to_string(kTtlSeconds) +
         "s, stale_while_revalidate: 2s, max_stale: " + std::to_string(kMaxStaleSeconds) +
         "s, min_refresh_interval: 0.2s}\n"
         "upstream: {attempt_timeout: 1s, refresh_budget: 2s, requests_per_second: 8, burst: 4}\n"
         "server: {drain_delay: 0s, max_watch_age: 30s}\n";
}

class Watching final : public SoakMode {
 public:
  Watching(const SoakOptions& options, sandbox::Sandbox& upstreams, std::string folder,
           SoakRun& run)
      : upstreams_(upstreams),
        folder_(std::move(folder)),
        run_(run),
        chaos_(upstreams, options.seed),
        clients_(run.stub(), run.log(), options.seed) {}

  v1::GetAccountSnapshotRequest MakeRequest(std::mt19937_64&) override {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/desk-1");
    request.mutable_policy()->set_only_if_cached(true);
    return request;
  }

  void OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy&,
                AnswerLog& log) override {
    for (const v1::SourceBalance& source : snapshot.sources()) {
      if (!source.has_balance_set()) continue;
      log.Add({SideOf(source), "main", CashShown(source), ToWall(source.freshness().observe_time()),
               ToWall(source.freshness().receive_time())});
    }
  }

  void Step(steady_clock::duration elapsed) override {
    chaos_.Step();
    if (elapsed < next_reload_) return;
    next_reload_ += kReloadEvery;
    Reload(!has_spare_);
  }

  void Calm() override {
    chaos_.Calm();
    clients_.BeCalm();
    upstreams_.MoveMoneyEvery({});
    Reload(false);
    const auto give_up = steady_clock::now() + kSettled;
    const auto held = Held();
    const auto shows = [&held](const ctl::WatchView& view) { return ShowsAll(view, held); };
    while (!(are_settled_ = clients_.DoAllShow(shows)) && steady_clock::now() < give_up) {
      // A port that somebody else had when its side was to come back.
      chaos_.Calm();
      std::this_thread::sleep_for(milliseconds(100));
    }
    clients_.Stop();
  }

  bool Judge() override {
    std::printf("reloads: %d; in the end all clients show what the upstreams hold: %s\n", reloads_,
                are_settled_ ? "yes" : "NO");
    return clients_.Judge() && are_settled_ && reloads_ > 0;
  }

 private:
  void Reload(bool with_spare) {
    has_spare_ = with_spare;
    ++reloads_;
    run_.service().Reload(Yaml(upstreams_, folder_, with_spare));
  }

  // The cash that each side holds in USD.
  std::map<Side, std::string> Held() {
    std::map<Side, std::string> held;
    for (const auto& row : upstreams_.polymarket_ledger().rows) {
      if (row.currency == "USD") held[Side::kPolymarket] = row.current_balance;
    }
    held[Side::kPolysimulator] = upstreams_.polysim_ledger().balance;
    return held;
  }

  static bool ShowsAll(const ctl::WatchView& view, const std::map<Side, std::string>& held) {
    const v1::AccountSnapshot* const snapshot = view.Find("accounts/desk-1");
    if (!snapshot || view.Find("accounts/spare")) return false;
    for (const auto& source : snapshot->sources()) {
      if (source.state() != v1::SourceBalance::FRESH) return false;
      const CashByCurrency cash = CashShown(source);
      const auto usd = cash.find("USD");
      if (usd == cash.end() || usd->second != held.at(SideOf(source))) return false;
    }
    return true;
  }

  sandbox::Sandbox& upstreams_;
  const std::string folder_;
  SoakRun& run_;
  Chaos chaos_;
  steady_clock::duration next_reload_ = kReloadEvery;
  bool has_spare_ = false;
  int reloads_ = 0;
  bool are_settled_ = false;
  // The last member: its threads use the others.
  WatchingClients clients_;
};

}  // namespace

bool RunWatching(const SoakOptions& options) {
  const auto upstreams = StartUpstreams(options, milliseconds(100));
  const ScratchFolder folder;
  WriteDeskSecrets(*upstreams, folder.path());
  SoakRun run(options, *upstreams, folder.path(), Yaml(*upstreams, folder.path(), false),
              {.ttl = seconds(kTtlSeconds), .max_stale = seconds(kMaxStaleSeconds)});
  Watching mode(options, *upstreams, folder.path(), run);
  return run.Run("watching", mode);
}

}  // namespace balance
