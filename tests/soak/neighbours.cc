#include "tests/soak/neighbours.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "tests/soak/failure_schedule.h"
#include "tests/soak/logins.h"
#include "tests/soak/neighbour_trouble.h"
#include "tests/soak/passers_by.h"
#include "tests/soak/request_watch.h"
#include "tests/soak/scratch_folder.h"
#include "tests/soak/soak_run.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// Settings of the configuration.
constexpr auto kTtl = seconds(1);
constexpr auto kMaxStale = seconds(30);

constexpr auto kReloadEvery = seconds(20);
constexpr auto kReloadPatience = seconds(5);
// Time in which a login that is well may have no answer yet.
constexpr auto kColdStart = seconds(3);
// How late a request of a login that keeps failing may be, or how long it may take to fail: the
// attempt's time-out and the wait for a reader.
constexpr auto kSickSlack = seconds(2);
// Added to the time in which requests are counted: the last ones may be under way at its end, and
// two may arrive a little closer to each other than they were sent.
constexpr auto kCountTolerance = seconds(1);

std::string Yaml(const Logins& logins, bool with_spare) {
  return "listen: 127.0.0.1:0\n"
         "admin_listen: 127.0.0.1:0\n" +
         logins.AccountsYaml(with_spare) +
         "cache: {ttl: 1s, stale_while_revalidate: 2s, max_stale: 30s, "
         "min_refresh_interval: 0.2s}\n"
         "upstream: {attempt_timeout: 1s, refresh_budget: 2s, requests_per_second: 5, burst: 2}\n"
         "server: {drain_delay: 0s}\n";
}

std::string ReasonOf(const v1::SourceFailure& failure) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : failure.status().details()) detail.UnpackTo(&info);
  return info.reason();
}

class Neighbours final : public SoakMode {
 public:
  Neighbours(const SoakOptions& options, sandbox::Sandbox& upstreams, const Logins& logins,
             SoakRun& run)
      : upstreams_(upstreams),
        logins_(logins),
        run_(run),
        tolerance_(options.tolerance),
        trouble_(upstreams, logins, options.seed),
        passers_by_(run.stub(), logins.accounts(), options.seed,
                    [this](const auto& snapshot, const auto& policy) {
                      run_.OnAnswer(snapshot, policy, *this);
                    }) {}

  v1::GetAccountSnapshotRequest MakeRequest(std::mt19937_64& random) override {
    v1::GetAccountSnapshotRequest request;
    const auto& accounts = logins_.accounts();
    request.set_name("accounts/" + accounts[random() % accounts.size()]);
    return request;
  }

  void OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
                AnswerLog& log) override {
    for (const v1::SourceBalance& source : snapshot.sources()) {
      const Login& login = logins_.Of(source.name());
      if (source.has_balance_set()) {
        log.Add({SideOf(source), login.wallet, CashShown(source),
                 ToWall(source.freshness().observe_time()),
                 ToWall(source.freshness().receive_time())});
      }
      if (login.account == Logins::kSpareAccount) continue;
      if (login.health == Health::kSick) {
        JudgeSick(login, source, policy, log);
      } else if (ToWall(snapshot.serve_time()) > begin_ + kColdStart) {
        JudgeWell(source, policy, log);
      }
    }
  }

  void Step(steady_clock::duration elapsed) override {
    trouble_.Step();
    if (elapsed < next_reload_) return;
    next_reload_ += kReloadEvery;
    Reload();
  }

  void Check() override { requests_.Look(upstreams_); }
  void Calm() override {
    passers_by_.Stop();
    end_ = system_clock::now();
  }

  bool Judge() override {
    bool is_good = passers_by_.Judge();
    std::printf("reloads: %d, of them without effect within %lld s: %d\n", reloads_,
                static_cast<long long>(kReloadPatience.count()), reloads_without_effect_);
    is_good &= reloads_ > 0 && reloads_without_effect_ == 0;
    is_good &= trouble_.Judge();
    for (const Login& login : logins_.all()) {
      if (login.account != Logins::kSpareAccount) is_good &= JudgeRequests(login);
    }
    return is_good;
  }

 private:
  // Who asks for a reading newer than the pace allows, and cannot wait for it, hears of that.
  static bool IsPaced(const std::string& reason, const v1::ReadPolicy& policy) {
    return policy.has_max_age() && reason == "FRESHNESS_UNSATISFIED";
  }

  // One that is well is shown, and hears of no failure, be it its own or another's.
  static void JudgeWell(const v1::SourceBalance& source, const v1::ReadPolicy& policy,
                        AnswerLog& log) {
    if (!source.has_balance_set()) log.AddWrong({source.name() + " is well and has no data"});
    if (!source.has_failure()) return;
    const std::string reason = ReasonOf(source.failure());
    if (IsPaced(reason, policy)) return;
    log.AddWrong({source.name() + " is well and is told " + reason});
  }

  // One that is sick hears of what it met itself, or that no answer came in the caller's time.
  static void JudgeSick(const Login& login, const v1::SourceBalance& source,
                        const v1::ReadPolicy& policy, AnswerLog& log) {
    if (source.has_balance_set()) log.AddWrong({source.name() + " is sick and has data"});
    const std::string reason = ReasonOf(source.failure());
    if (reason == login.reason || reason == "SOURCE_UNREACHABLE" || IsPaced(reason, policy)) return;
    // Nothing has been asked yet.
    if (!source.has_failure()) return;
    log.AddWrong({source.name() + " met " + login.reason + " and is told " + reason});
  }

  // Adds the spare account, or takes it away again.
  void Reload() {
    has_spare_ = !has_spare_;
    ++reloads_;
    run_.service().Reload(Yaml(logins_, has_spare_));
    const auto give_up = steady_clock::now() + kReloadPatience;
    while (IsSpareServed() != has_spare_) {
      if (steady_clock::now() > give_up) {
        ++reloads_without_effect_;
        return;
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  bool IsSpareServed() {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kReloadPatience);
    v1::GetAccountSnapshotRequest request;
    request.set_name(std::string("accounts/") + Logins::kSpareAccount);
    v1::AccountSnapshot snapshot;
    const auto status = run_.stub().GetAccountSnapshot(&context, request, &snapshot);
    return status.error_code() != grpc::StatusCode::NOT_FOUND;
  }

  // Neither more often than the pauses allow, nor less often than they promise.
  bool JudgeSickRequests(const Login& login, const Asked& asked) const {
    const FailureSchedule schedule = ScheduleOf(login.reason);
    const Duration time = asked.requests == 0 ? Duration() : end_ - asked.first;
    const RequestCount count{RequestsWithin(time, schedule, kSickSlack).least,
                             RequestsWithin(time + kCountTolerance, schedule, {}).most};
    std::printf("  %-40s %5llu requests, %llu to %llu by its schedule\n", login.source.c_str(),
                static_cast<unsigned long long>(asked.requests),
                static_cast<unsigned long long>(count.least),
                static_cast<unsigned long long>(count.most));
    return count.Includes(asked.requests);
  }

  bool JudgeRequests(const Login& login) {
    const Asked& asked = requests_.Of(login.key);
    if (login.health == Health::kSick) {
      return JudgeSickRequests(login, asked);
    }
    if (asked.requests < 2) {
      std::printf("  %-40s was asked less than twice\n", login.source.c_str());
      return false;
    }
    std::printf("  %-40s %5llu requests, every %.2f s, longest gap %.2f s\n", login.source.c_str(),
                static_cast<unsigned long long>(asked.requests),
                duration<double>(asked.MeanGap()).count(),
                duration<double>(asked.longest_gap).count());
    return asked.MeanGap() <= tolerance_.mean_gap && asked.longest_gap <= tolerance_.longest_gap;
  }

  sandbox::Sandbox& upstreams_;
  const Logins& logins_;
  SoakRun& run_;
  const SoakTolerance tolerance_;
  NeighbourTrouble trouble_;
  RequestWatch requests_;
  const WallTime begin_ = system_clock::now();
  // When the readers and the passers-by had left.
  WallTime end_;
  steady_clock::duration next_reload_ = kReloadEvery;
  bool has_spare_ = false;
  int reloads_ = 0;
  int reloads_without_effect_ = 0;
  // The last member: its threads use the others.
  PassersBy passers_by_;
};

}  // namespace

bool RunNeighbours(const SoakOptions& options) {
  const auto upstreams = StartUpstreams(options, milliseconds(250));
  const ScratchFolder folder;
  const Logins logins(*upstreams, folder.path());
  SoakRun run(options, *upstreams, folder.path(), Yaml(logins, false),
              {.ttl = kTtl, .max_stale = kMaxStale});
  Neighbours mode(options, *upstreams, logins, run);
  return run.Run("neighbours", mode);
}

}  // namespace balance
