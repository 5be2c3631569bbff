#include "tests/soak/fleet_callers.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "clients/balancectl/rpc_error.h"
#include "clients/balancectl/service_config.h"
#include "tests/soak/soak_run.h"

namespace balance {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr int kCallers = 40;
// Longer than any trouble of a replica lasts.
constexpr seconds kPatience{10};
constexpr milliseconds kFollowEvery{50};

std::shared_ptr<grpc::Channel> ChannelTo(const std::vector<std::string>& addresses,
                                         const char* service_config) {
  grpc::ChannelArguments arguments;
  if (service_config) arguments.SetServiceConfigJSON(service_config);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A replica that is back is soon found.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  std::string target;
  for (const std::string& address : addresses) {
    target += (target.empty() ? "ipv4:" : ",") + address;
  }
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

void SetPatience(grpc::ClientContext& context) {
  context.set_deadline(system_clock::now() + kPatience);
}

std::int64_t ObservedOf(const v1::SourceBalance& source) {
  return TimeUtil::TimestampToNanoseconds(source.freshness().observe_time());
}

// Whether an error is about the venues, so that the service did what it could.
bool IsAboutVenues(const std::string& reason) {
  return reason.starts_with("SOURCE_") || reason == "NO_SOURCE_AVAILABLE" ||
         reason == "FRESHNESS_UNSATISFIED";
}

}  // namespace

const std::vector<std::string>& FleetCallers::Sources() {
  static const std::vector<std::string> sources = {"accounts/desk-1/sources/polymarket-us",
                                                   "accounts/desk-1/sources/polysimulator"};
  return sources;
}

FleetCallers::FleetCallers(const FleetReplicas& replicas, const JudgeTimes& times, AnswerLog& log,
                           int calls_per_second, std::uint64_t seed)
    : replicas_(replicas),
      times_(times),
      log_(log),
      stub_(v1::BalanceService::NewStub(
          ChannelTo(replicas.addresses(), ctl::PublishedServiceConfig()))) {
  const nanoseconds interval = nanoseconds(seconds(kCallers)) / calls_per_second;
  for (const std::string& address : replicas.addresses()) {
    stubs_.push_back(v1::BalanceService::NewStub(ChannelTo({address}, nullptr)));
  }
  for (int i = 0; i < kCallers; ++i) {
    threads_.emplace_back([this, own_seed = seed + static_cast<std::uint64_t>(i), interval] {
      CallOnAndOn(own_seed, interval);
    });
  }
  for (std::size_t i = 0; i < stubs_.size(); ++i) {
    threads_.emplace_back([this, i] { FollowOnAndOn(i); });
  }
}

void FleetCallers::CallOnAndOn(std::uint64_t seed, nanoseconds interval) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> newest(Sources().size());
  auto next =
      steady_clock::now() + nanoseconds(random() % static_cast<std::uint64_t>(interval.count()));
  for (; !is_stopped_; next += interval) {
    std::this_thread::sleep_until(next);
    v1::ReadPolicy policy;
    const auto kind = random() % 5;
    const auto source = random() % Sources().size();
    if (kind == 0 && !is_calm_) {
      CallSource(Sources()[source], newest[source]);
      continue;
    }
    if (kind == 1 && !is_calm_) policy.mutable_max_age();
    CallAccount(policy);
  }
}

void FleetCallers::CallAccount(const v1::ReadPolicy& policy) {
  grpc::ClientContext context;
  SetPatience(context);
  v1::GetAccountSnapshotRequest request;
  *request.mutable_policy() = policy;
  v1::AccountSnapshot snapshot;
  const auto status = stub_->GetAccountSnapshot(&context, request, &snapshot);
  ++calls_;
  if (!status.ok()) return NoteError(status);
  log_.AddWrong(balance::Judge(snapshot, policy, times_));
  for (const v1::SourceBalance& source : snapshot.sources()) Note(source);
}

void FleetCallers::CallSource(const std::string& source, std::int64_t& newest) {
  grpc::ClientContext context;
  SetPatience(context);
  v1::GetSourceBalanceRequest request;
  request.set_name(source);
  if (newest > 0) {
    *request.mutable_policy()->mutable_not_before() = TimeUtil::NanosecondsToTimestamp(newest);
  }
  v1::SourceBalance balance;
  const auto status = stub_->GetSourceBalance(&context, request, &balance);
  ++calls_;
  if (!status.ok()) return NoteError(status);
  Note(balance);
  if (!balance.has_balance_set()) return;
  if (ObservedOf(balance) < newest) {
    log_.AddWrong({source + ": an answer from before not_before"});
  }
  newest = std::max(newest, ObservedOf(balance));
}

void FleetCallers::FollowOnAndOn(std::size_t replica) {
  std::map<std::string, std::int64_t> newest;
  int newest_of = 0;
  for (auto next = steady_clock::now(); !is_stopped_; next += kFollowEvery) {
    std::this_thread::sleep_until(next);
    const int life = replicas_.life(replica);
    grpc::ClientContext context;
    SetPatience(context);
    v1::AccountSnapshot snapshot;
    const auto status = stubs_[replica]->GetAccountSnapshot(&context, {}, &snapshot);
    // Nobody promises anything of a replica that ends while it is asked.
    if (!status.ok() || replicas_.life(replica) != life) continue;
    ++followed_;
    if (life != newest_of) newest.clear();
    newest_of = life;
    for (const v1::SourceBalance& source : snapshot.sources()) {
      if (!source.has_balance_set()) continue;
      Note(source);
      std::int64_t& before = newest[source.name()];
      if (ObservedOf(source) < before) {
        log_.AddWrong({source.name() + ": a replica went back to an older reading"});
      }
      before = std::max(before, ObservedOf(source));
    }
  }
}

void FleetCallers::Note(const v1::SourceBalance& source) {
  if (!source.has_balance_set()) return;
  const v1::Freshness& freshness = source.freshness();
  if (freshness.origin() == v1::Freshness::SHARED_CACHE) ++shared_;
  const CashByCurrency cash = CashShown(source);
  log_.Add({SideOf(source), "main", cash, ToWall(freshness.observe_time()),
            ToWall(freshness.receive_time())});
  const std::pair told(cash, freshness.upstream_request_id());
  const MutexLock lock(mutex_);
  const auto [place, is_new] = readings_.try_emplace({source.name(), ObservedOf(source)}, told);
  if (place->second == told) return;
  log_.AddWrong({source.name() + ": one reading is told in two ways"});
}

void FleetCallers::NoteError(const grpc::Status& status) {
  const std::string reason = ctl::ReasonOf(status);
  if (IsAboutVenues(reason)) {
    ++without_data_;
    return;
  }
  ++failed_;
  const MutexLock lock(mutex_);
  ++failures_[ctl::DescribeRpcError(status, "the fleet")];
}

bool FleetCallers::IsAllWell() const {
  for (const auto& stub : stubs_) {
    grpc::ClientContext snapshot_context;
    SetPatience(snapshot_context);
    v1::AccountSnapshot snapshot;
    if (!stub->GetAccountSnapshot(&snapshot_context, {}, &snapshot).ok()) return false;
    grpc::ClientContext context;
    SetPatience(context);
    v1::ListSourcesResponse response;
    if (!stub->ListSources(&context, {}, &response).ok()) return false;
    const auto& sources = response.sources();
    const bool is_connected =
        std::all_of(sources.begin(), sources.end(),
                    [](const v1::Source& source) { return source.fleet().connected(); });
    if (!snapshot.completeness().complete() || !is_connected) return false;
  }
  return true;
}

void FleetCallers::Stop() {
  is_stopped_ = true;
  threads_.clear();
}

void FleetCallers::PrintCalls() const {
  std::printf("%ld calls: %ld of no data, %ld failed", calls_.load(), without_data_.load(),
              failed_.load());
}

bool FleetCallers::Judge() const {
  const MutexLock lock(mutex_);
  std::printf(
      "callers of all: %ld calls, %ld of them without data as the venues had it, %ld failed; of "
      "one replica: %ld answers; figures read by another replica: %ld; readings: %zu\n",
      calls_.load(), without_data_.load(), failed_.load(), followed_.load(), shared_.load(),
      readings_.size());
  for (const auto& [line, count] : failures_) std::printf("  %ld times: %s\n", count, line.c_str());
  return failed_ == 0 && calls_ > 0 && followed_ > 0 && shared_ > 0;
}

}  // namespace balance
