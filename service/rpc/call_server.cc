#include "service/rpc/call_server.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "service/rpc/call_queue.h"
#include "service/rpc/health_request.h"
#include "service/rpc/health_watches.h"
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
  Lane(CallServer& server, grpc::ServerBuilder& builder)
      : unsent_(server.unsent_),
        watches_(server.health_watch_, queue_, open_calls_, server.health_),
        queue_(builder) {
    for (int i = 0; i < kRpcMethodCount; ++i) {
      Add(*server.methods_[static_cast<std::size_t>(i)],
          [&rpc = server.rpc_, method = static_cast<RpcMethod>(i)](IncomingCall& call) {
            rpc.Handle(method, call);
          });
    }
    Add(server.health_check_,
        [&states = server.health_](IncomingCall& call) { CheckHealth(states, call); });
  }

  void Start(grpc_server* server) {
    static_assert(static_cast<int>(RpcMethod::kGetAccountSnapshot) == 0);
    calls_.front()->Await(server, kReadsAwaited);
    for (std::size_t i = 1; i < calls_.size(); ++i) calls_[i]->Await(server, kOthersAwaited);
    watches_.Await(server);
    queue_.Start();
  }

  void Stop() {
    // The server ends before calls do that no transport is left for.
    open_calls_.WaitForNone();
    queue_.Stop();
  }

 private:
  void Add(const CoreMethods::Method& method, UnaryCalls::Handle handle) {
    calls_.push_back(
        std::make_unique<UnaryCalls>(method, queue_, open_calls_, unsent_, std::move(handle)));
  }

  UnsentAnswers& unsent_;
  OpenCalls open_calls_;
  std::vector<std::unique_ptr<UnaryCalls>> calls_;
  HealthWatches watches_;
  // Its events go to those above, so it ends before them.
  CallQueue queue_;
};

CallServer::CallServer(BalanceRpc& rpc, HealthStates& health, UnsentAnswers::Limits unsent)
    : rpc_(rpc),
      health_(health),
      unsent_(unsent),
      balance_service_(kBalanceServiceName),
      health_service_("grpc.health.v1.Health"),
      health_check_(health_service_.AddUnary("Check")),
      health_watch_(health_service_.AddServerStreaming("Watch")) {
  for (const char* name : kRpcMethodNames) methods_.push_back(&balance_service_.AddUnary(name));
}

CallServer::~CallServer() { Stop(); }

void CallServer::AddTo(grpc::ServerBuilder& builder) {
  builder.RegisterService(&balance_service_);
  builder.RegisterService(&health_service_);
  const int queues = std::clamp(UsableCores(), 1, kMaxQueues);
  for (int i = 0; i < queues; ++i) lanes_.push_back(std::make_unique<Lane>(*this, builder));
}

void CallServer::Start(grpc::Server& server) {
  for (const auto& lane : lanes_) lane->Start(server.c_server());
}

void CallServer::Stop() {
  for (const auto& lane : lanes_) lane->Stop();
}

}  // namespace balance
