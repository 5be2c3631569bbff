#include "tests/integration/rpc/handler_fixture.h"

#include <utility>

namespace balance {

HandlerFixture::HandlerFixture(LoadLimits limits) : rpc_(served_, clock_, rpc_observer_, limits) {}

HandlerFixture::~HandlerFixture() {
  for (const auto& feed : feeds_) feed->Stop();
  Run();
}

void HandlerFixture::AddAccount(const std::string& id, const std::vector<std::string>& sources,
                                std::shared_ptr<const PathProbe> path) {
  std::vector<AccountFeed::SourceSpec> specs;
  for (const std::string& source : sources) {
    auto info = std::make_shared<SourceInfo>();
    info->account = id;
    info->source = source;
    info->pool = source;
    info->cache = kCache;
    info->measures = {Measure::kCash};
    auto& upstream = upstreams_[id + "/" + source];
    upstream = std::make_unique<FakeUpstream>(clock_);
    AccountFeed::SourceSpec& spec = specs.emplace_back();
    spec.options.info = info;
    spec.options.refresh_budget = std::chrono::seconds(30);
    spec.options.path = path;
    spec.source = upstream->MakeSource();
  }
  publishers_.push_back(std::make_shared<AccountPublisher>(id, "epoch", clock_));
  feeds_.push_back(std::make_shared<AccountFeed>(shard_.loop().get_executor(), clock_, schedule_,
                                                 refreshes_, *publishers_.back(),
                                                 std::move(specs)));
  accounts_.Add(id,
                {publishers_.back(), std::make_shared<ShardAccountHandle>(shard_, feeds_.back())});
}

void HandlerFixture::Serve(std::size_t max_answer_size) {
  served_.Publish(
      std::make_shared<const Served>(Served{accounts_, AccessRules({}), max_answer_size}));
}

void HandlerFixture::Run() {
  shard_.loop().restart();
  shard_.loop().poll();
}

void HandlerFixture::Advance(Duration by) {
  clock_.Advance(by);
  Run();
}

TestCall& HandlerFixture::MakeCall(RpcMethod method, const google::protobuf::MessageLite& request,
                                   std::optional<std::chrono::milliseconds> time_left) {
  TestCall& call = Handle(method, request, time_left);
  Run();
  return call;
}

TestCall& HandlerFixture::Handle(RpcMethod method, const google::protobuf::MessageLite& request,
                                 std::optional<std::chrono::milliseconds> time_left) {
  std::optional<SteadyTime> deadline;
  if (time_left) deadline = clock_.SteadyNow() + *time_left;
  TestCall& call = calls_.emplace_back(request, deadline);
  rpc_.Handle(method, call);
  return call;
}

void HandlerFixture::AnswerSource(const std::string& account, const std::string& source,
                                  const std::string& cash) {
  upstreams_.at(account + "/" + source)->AnswerWith(cash);
  Run();
}

void HandlerFixture::AnswerSource(const std::string& account, const std::string& source,
                                  Reading reading) {
  upstreams_.at(account + "/" + source)->AnswerWith(std::move(reading));
  Run();
}

}  // namespace balance
