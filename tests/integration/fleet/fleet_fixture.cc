#include "tests/integration/fleet/fleet_fixture.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <tuple>
#include <utility>

#include "tests/support/connected.h"

namespace balance {
namespace {

using google::protobuf::util::TimeUtil;
using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds kPause{3};
// Of a reader: longer than a replica that reads alone, within its part of the reserve, waits for
// its turn.
constexpr seconds kPatience{10};
// 32 bytes.
constexpr const char* kSealingKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

using Time = std::chrono::sys_time<nanoseconds>;

Time TimeOf(const google::protobuf::Timestamp& time) {
  return Time(nanoseconds(TimeUtil::TimestampToNanoseconds(time)));
}

}  // namespace

v1::ReadPolicy AtMost(milliseconds age) {
  v1::ReadPolicy policy;
  *policy.mutable_max_age() = TimeUtil::MillisecondsToDuration(age.count());
  return policy;
}

FleetMember::FleetMember(const std::string& yaml, const std::vector<std::string>& environment)
    : process_(std::make_unique<ServiceProcess>(files_.Write("config.yaml", yaml), files_.Path("."),
                                                environment)) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::BalanceService::NewStub(Connected(grpc::CreateCustomChannel(
      process_->grpc_address(), grpc::InsecureChannelCredentials(), arguments)));
  name_ = ReadName();
}

std::string FleetMember::Page(const std::string& path) const {
  return HttpGet(process_->admin_address(), path);
}

double FleetMember::Metric(const std::string& series) const {
  const std::string page = Page("/metrics");
  const auto at = page.find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::atof(page.c_str() + at + series.size() + 2);
}

std::string FleetMember::ReadName() const {
  const std::string page = Page("/statusz");
  const std::string key = "\"replica\": \"";
  const auto at = page.find(key);
  if (at == std::string::npos) return {};
  return page.substr(at + key.size(), page.find('"', at + key.size()) - at - key.size());
}

v1::Source FleetMember::Source(const std::string& id) const {
  v1::ListSourcesResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(5));
  stub_->ListSources(&context, v1::ListSourcesRequest(), &response);
  for (const v1::Source& source : response.sources()) {
    if (source.name().ends_with("/" + id)) return source;
  }
  return {};
}

void FleetMember::Reload(const std::string& yaml) {
  const auto reloads = [this] { return Metric("balance_reloads_total{result=\"OK\"}"); };
  const double before = reloads();
  files_.Write("config.yaml", yaml);
  process_->Signal(SIGHUP);
  EXPECT_TRUE(Becomes([&] { return reloads() > before; })) << process_->Log();
}

grpc::Status FleetMember::Get(const std::string& source, const v1::ReadPolicy& policy,
                              v1::SourceBalance& out, milliseconds timeout) const {
  v1::GetSourceBalanceRequest request;
  request.set_name("accounts/desk-1/sources/" + source);
  *request.mutable_policy() = policy;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetSourceBalance(&context, request, &out);
}

FleetReaders::FleetReaders(const std::vector<std::unique_ptr<FleetMember>>& members, How how) {
  for (std::size_t i = 0; i < members.size(); ++i) Start(static_cast<int>(i), *members[i], how);
}

FleetReaders::FleetReaders(const FleetMember& member, How how) { Start(0, member, how); }

std::map<std::string, std::atomic<std::int64_t>> FleetReaders::NothingYet() {
  std::map<std::string, std::atomic<std::int64_t>> newest;
  for (const char* const source : {kPolymarketId, kPolysimId}) newest[source] = 0;
  return newest;
}

void FleetReaders::Start(int replica, const FleetMember& member, How how) {
  threads_.emplace_back([this, replica, &member, how] { Run(replica, member, how); });
}

void FleetReaders::Run(int replica, const FleetMember& member, How how) {
  while (!is_stopped_) {
    for (auto& [source, newest] : newest_) {
      v1::ReadPolicy policy;
      if (how == How::kNeverBack && newest > 0) {
        *policy.mutable_not_before() = TimeUtil::NanosecondsToTimestamp(newest);
      }
      v1::SourceBalance balance;
      const auto begun = std::chrono::steady_clock::now();
      const auto status = member.Get(source, policy, balance, kPatience);
      const auto took = std::chrono::steady_clock::now() - begun;
      if (is_stopped_) return;
      if (!status.ok() || !balance.has_balance_set()) {
        const MutexLock lock(mutex_);
        failures_.push_back(std::to_string(replica) + " " + source + " " + ReasonOf(status) + " " +
                            status.error_message() + ReasonOf(balance.failure()));
        continue;
      }
      Note(replica, balance, took);
      const auto observed = TimeUtil::TimestampToNanoseconds(balance.freshness().observe_time());
      if (observed < TimeUtil::TimestampToNanoseconds(policy.not_before())) {
        const MutexLock lock(mutex_);
        failures_.push_back("an answer from before not_before");
      }
      std::int64_t known = newest;
      while (known < observed && !newest.compare_exchange_weak(known, observed)) {
      }
    }
    std::this_thread::sleep_for(kPause);
  }
}

void FleetReaders::Note(int replica, const v1::SourceBalance& source, nanoseconds took) {
  const v1::Freshness& freshness = source.freshness();
  Sighting sighting;
  sighting.replica = replica;
  sighting.source = source.name().substr(source.name().rfind('/') + 1);
  sighting.observed = TimeOf(freshness.observe_time());
  sighting.seen = std::chrono::system_clock::now();
  sighting.took = took;
  sighting.cash = CashOf(source);
  sighting.request_id = freshness.upstream_request_id();
  sighting.origin = freshness.origin();
  const MutexLock lock(mutex_);
  sightings_.push_back(std::move(sighting));
}

std::vector<Sighting> FleetReaders::Stop() {
  is_stopped_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  const MutexLock lock(mutex_);
  return sightings_;
}

std::vector<std::string> FleetReaders::failures() const {
  const MutexLock lock(mutex_);
  return failures_;
}

FleetTest::FleetTest() { files_.Write("sealing-key", kSealingKey); }

void FleetTest::TearDown() {
  std::vector<ServiceProcess*> running;
  for (const auto& member : members_) {
    if (member->process().IsAlive()) running.push_back(&member->process());
  }
  for (ServiceProcess* const process : running) process->Signal(SIGTERM);
  for (ServiceProcess* const process : running) {
    EXPECT_EQ(process->End(), "exit 0") << process->Log();
  }
}

void FleetTest::StartFleet(const FleetSetup& setup) {
  setup_ = setup;
  ASSERT_NO_FATAL_FAILURE(StartUpstreams({}));
  if (setup.replicas_behind_proxy > 0) {
    redis_proxy_ = std::make_unique<FaultProxy>(redis_->address().port);
  }
  for (int i = 0; i < setup.replicas; ++i) AddMember();
}

void FleetTest::AddMember() {
  const auto replica = static_cast<int>(members_.size());
  std::vector<std::string> environment;
  if (setup_.environment) environment = setup_.environment(replica);
  members_.push_back(std::make_unique<FleetMember>(FleetYaml(replica), environment));
}

std::string FleetTest::FleetYaml(int replica) const {
  const bool is_behind_proxy = replica < setup_.replicas_behind_proxy;
  const auto redis_port = is_behind_proxy ? redis_proxy_->port() : redis_->address().port;
  MatrixSetup setup;
  setup.cache = setup_.cache;
  setup.rate = setup_.rate;
  setup.attempt_timeout = setup_.attempt_timeout;
  setup.refresh_budget = setup_.refresh_budget;
  if (setup_.has_fleet) {
    setup.more_yaml = "fleet:\n  redis: {address: \"127.0.0.1:" + std::to_string(redis_port) +
                      "\", operation_timeout: " + setup_.operation_timeout +
                      "}\n  sealing_key: {file: " + files_.Path("sealing-key") +
                      "}\n  max_replicas: 8\n";
  }
  return YamlText(setup);
}

bool FleetTest::AreConnected() const {
  return Becomes([this] {
    return std::all_of(members_.begin(), members_.end(),
                       [](const auto& member) { return member->IsConnected(); });
  });
}

std::uint64_t FleetTest::Requests(Side side) { return upstreams().Counters(side).total.requests; }

void FleetTest::ResetCounters() {
  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    upstreams().ResetCounters(side);
  }
}

int FleetTest::MostInASecond(Side side) { return upstreams().Counters(side).total.max_in_a_second; }

std::optional<std::size_t> FleetTest::HolderOf(const std::string& source) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::string holder = member(i).Source(source).fleet().lease_holder();
    if (holder.empty()) continue;
    for (std::size_t k = 0; k < members_.size(); ++k) {
      if (member(k).name() == holder) return k;
    }
  }
  return std::nullopt;
}

void FleetTest::ExpectTrue(const std::vector<Sighting>& sightings) {
  const auto history = upstreams().History(Side::kPolymarket);
  for (const Sighting& sighting : sightings) {
    if (sighting.source != kPolymarketId) continue;
    bool is_true = false;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const Time until = i + 1 < history.size() ? history[i + 1].since : Time::max();
      is_true |= history[i].since <= sighting.seen && until >= sighting.observed &&
                 history[i].body.find(sighting.cash) != std::string::npos;
    }
    ASSERT_TRUE(is_true) << sighting.cash << " told by replica " << sighting.replica << " as of "
                         << sighting.observed.time_since_epoch().count();
  }
}

void FleetTest::ExpectSameEverywhere(const std::vector<Sighting>& sightings) {
  std::map<std::pair<std::string, Time>, std::pair<std::string, std::string>> readings;
  for (const Sighting& sighting : sightings) {
    const auto [place, is_new] = readings.try_emplace(
        {sighting.source, sighting.observed}, std::pair(sighting.cash, sighting.request_id));
    EXPECT_EQ(place->second, std::pair(sighting.cash, sighting.request_id)) << sighting.source;
  }
}

void FleetTest::ExpectNeverBack(const std::vector<Sighting>& sightings) {
  std::map<std::pair<int, std::string>, Time> latest;
  for (const Sighting& sighting : sightings) {
    Time& before = latest[{sighting.replica, sighting.source}];
    EXPECT_GE(sighting.observed, before) << sighting.replica << " " << sighting.source;
    before = std::max(before, sighting.observed);
  }
}

}  // namespace balance
