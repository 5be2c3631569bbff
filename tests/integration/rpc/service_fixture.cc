#include "tests/integration/rpc/service_fixture.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>

#include "clients/polysimulator/venue.h"
#include "service/transport/health_service.h"
#include "tests/support/connected.h"

namespace balance {

using std::chrono::milliseconds;
using std::chrono::seconds;

ErrorDetails DetailsOf(const grpc::Status& status) {
  ErrorDetails details;
  EXPECT_TRUE(details.status.ParseFromString(status.error_details()));
  for (const auto& any : details.status.details()) {
    any.UnpackTo(&details.info);
    details.has_retry |= any.UnpackTo(&details.retry);
  }
  return details;
}

ServiceFixture::ServiceFixture(LoadLimits load, const TransportLimits& limits)
    : rpc_(served_, clock_, rpc_observer_, load), server_(methods_, clock_, {.limits = limits}) {
  rpc_.AddTo(methods_);
  AddHealthService(methods_, health_);
}

ServiceFixture::~ServiceFixture() {
  server_.Stop();
  shard_.Post([this] {
    for (const auto& feed : feeds_) feed->Stop();
  });
  shard_.Join();
}

CacheSettings ServiceFixture::DefaultCache() {
  return {seconds(60), seconds(60), seconds(120), milliseconds(1)};
}

AccountFeed::SourceSpec ServiceFixture::MakeSpec(const std::string& account,
                                                 const std::string& source, CacheSettings cache) {
  auto info = std::make_shared<SourceInfo>();
  info->account = account;
  info->source = source;
  info->pool = source;
  info->cache = cache;
  info->rate = {2, 2};
  info->measures = {Measure::kCash, Measure::kAvailableToTrade};
  if (source == "paper") {
    info->kind = polysimulator::kKind;
    info->fund_class = FundClass::kSimulatedMoney;
  }
  auto& upstream = upstreams_[account + "/" + source];
  upstream = std::make_unique<ScriptedUpstream>(clock_);
  AccountFeed::SourceSpec spec;
  spec.options.info = info;
  spec.options.refresh_budget = seconds(30);
  spec.options.path = path_;
  spec.source = upstream->MakeSource();
  return spec;
}

void ServiceFixture::AddAccount(const std::string& id, CacheSettings cache) {
  std::vector<AccountFeed::SourceSpec> specs;
  specs.push_back(MakeSpec(id, "real", cache));
  specs.push_back(MakeSpec(id, "paper", cache));
  publishers_.push_back(std::make_shared<AccountPublisher>(id, "epoch", clock_));
  feeds_.push_back(std::make_shared<AccountFeed>(shard_.loop().get_executor(), clock_, schedule_,
                                                 refresh_observer_, *publishers_.back(),
                                                 std::move(specs)));
  accounts_.Add(id,
                {publishers_.back(), std::make_shared<ShardAccountHandle>(shard_, feeds_.back())});
}

void ServiceFixture::Serve(std::vector<CallerRule> callers, std::shared_ptr<const TlsContext> tls) {
  shard_.Start();
  served_.Publish(
      std::make_shared<const Served>(Served{accounts_, AccessRules(std::move(callers))}));
  const bool is_plain = !tls;
  const auto port = server_.Start("127.0.0.1", 0, std::move(tls));
  ASSERT_TRUE(port) << port.error().message;
  port_ = *port;
  channel_ =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials());
  if (is_plain) channel_ = Connected(channel_);
  stub_ = v1::BalanceService::NewStub(channel_);
}

grpc::Status ServiceFixture::Get(const v1::GetAccountSnapshotRequest& request,
                                 v1::AccountSnapshot& response, Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetAccountSnapshot(&context, request, &response);
}

grpc::Status ServiceFixture::GetSource(const v1::GetSourceBalanceRequest& request,
                                       v1::SourceBalance& response, Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  return stub_->GetSourceBalance(&context, request, &response);
}

grpc::Status ServiceFixture::SendBytes(const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, this);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  return status;
}

grpc::Status ServiceFixture::SendNothing(const std::string& method) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(5));
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto await = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
  };
  call->StartCall(this);
  await();
  call->WritesDone(this);
  await();
  grpc::Status status;
  call->Finish(&status, this);
  await();
  return status;
}

}  // namespace balance
