#include "service/rpc/call_server.h"

#include <sched.h>

#include <algorithm>

#include "service/rpc/call_queue.h"
#include "service/rpc/health_request.h"
#include "service/rpc/health_watches.h"
#include "service/rpc/message_bytes.h"
#include "service/rpc/unary_calls.h"

namespace balance {
namespace {

// On each queue. Calls beyond wait in gRPC for the next turn.
constexpr int kReadsAwaited = 64;
constexpr int kOthersAwaited = 4;

// Of this process: std::thread::hardware_concurrency() counts those of the machine.
int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return CPU_COUNT(&cores);
}

void CheckHealth(const HealthStates& states, IncomingCall& call) {
  using grpc::health::v1::HealthCheckResponse;
  grpc::health::v1::HealthCheckRequest request;
  if (!ReadHealthRequest(call.request(), request)) return call.Finish({}, BadHealthRequest());
  HealthCheckResponse response;
  response.set_status(states.Get(request.service()));
  if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
    return call.Finish({}, {grpc::StatusCode::NOT_FOUND, "the server has no such service"});
  }
  call.Finish(BytesOf(response), grpc::Status::OK);
}

}  // namespace

// A queue, and what is awaited on it.
class CallServer::Lane {
 public:
  Lane(CallServer& server, grpc::ServerBuilder& builder) : server_(server), queue_(builder) {
    watches_ = std::make_unique<HealthWatches>(
        queue_.queue(), open_calls_,
        [&service = server.health_service_](auto* context, auto* request, auto* writer, auto* queue,
                                            void* tag) {
          service.RequestWatch(context, request, writer, queue, queue, tag);
        },
        server.health_);
    AddMethod<RpcMethod::kGetAccountSnapshot, &RawBalance::RequestGetAccountSnapshot>();
    AddMethod<RpcMethod::kGetSourceBalance, &RawBalance::RequestGetSourceBalance>();
    AddMethod<RpcMethod::kBatchGetAccountSnapshots, &RawBalance::RequestBatchGetAccountSnapshots>();
    AddMethod<RpcMethod::kListAccountSnapshots, &RawBalance::RequestListAccountSnapshots>();
    AddMethod<RpcMethod::kListSources, &RawBalance::RequestListSources>();
    static_assert(kRpcMethodCount == 5);
    Add([&service = server.health_service_](
            auto* context, auto* request, auto* writer, auto* queue,
            void* tag) { service.RequestCheck(context, request, writer, queue, queue, tag); },
        [&states = server.health_](IncomingCall& call) { CheckHealth(states, call); });
  }

  void Start() {
    calls_.front()->Await(kReadsAwaited);
    for (std::size_t i = 1; i < calls_.size(); ++i) calls_[i]->Await(kOthersAwaited);
    watches_->Await();
    queue_.Start();
  }

  void Stop() {
    // The server ends before calls do that no transport is left for.
    open_calls_.WaitForNone();
    queue_.Stop();
  }

 private:
  template <RpcMethod method, auto request>
  void AddMethod() {
    Add([&service = server_.balance_service_](
            auto* context, auto* bytes, auto* writer, auto* queue,
            void* tag) { (service.*request)(context, bytes, writer, queue, queue, tag); },
        [&rpc = server_.rpc_](IncomingCall& call) { rpc.Handle(method, call); });
  }

  void Add(UnaryCalls::Request request, UnaryCalls::Handle handle) {
    calls_.push_back(std::make_unique<UnaryCalls>(queue_.queue(), open_calls_, std::move(request),
                                                  std::move(handle)));
  }

  CallServer& server_;
  OpenCalls open_calls_;
  std::vector<std::unique_ptr<UnaryCalls>> calls_;
  std::unique_ptr<HealthWatches> watches_;
  // Its events go to those above, so it ends before them.
  CallQueue queue_;
};

CallServer::CallServer(BalanceRpc& rpc, HealthStates& health) : rpc_(rpc), health_(health) {}

CallServer::~CallServer() { Stop(); }

void CallServer::AddTo(grpc::ServerBuilder& builder) {
  builder.RegisterService(&balance_service_);
  builder.RegisterService(&health_service_);
  const int queues = std::clamp(UsableCores(), 1, kMaxQueues);
  for (int i = 0; i < queues; ++i) lanes_.push_back(std::make_unique<Lane>(*this, builder));
}

void CallServer::Start() {
  for (const auto& lane : lanes_) lane->Start();
}

void CallServer::Stop() {
  for (const auto& lane : lanes_) lane->Stop();
}

}  // namespace balance
