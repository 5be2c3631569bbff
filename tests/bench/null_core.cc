#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>

#include <list>

#include "service/access/rpc_method.h"
#include "tests/bench/core_methods.h"
#include "tests/bench/core_queue.h"
#include "tests/bench/null_server.h"
#include "tests/bench/open_calls.h"

namespace balance::bench {
namespace {

// A place for one call after the other; used on its queue's thread only, once that runs.
class CoreSlot {
 public:
  // `answer` must outlive this.
  CoreSlot(grpc_server* server, void* method, CallQueue& queue, OpenCalls& open_calls,
           grpc_slice& answer)
      : server_(server), method_(method), queue_(queue), open_calls_(open_calls), answer_(answer) {
    open_calls_.Add();
    AwaitCall();
  }

 private:
  void AwaitCall() {
    grpc_metadata_array_init(&metadata_);
    grpc_server_request_registered_call(server_, method_, &call_, &deadline_, &metadata_, &request_,
                                        queue_.core(), queue_.core(), came_.tag());
  }

  void OnCame(bool ok) {
    // The server stops.
    if (!ok) return open_calls_.Remove();
    grpc_byte_buffer* answer = grpc_raw_byte_buffer_create(&answer_, 1);
    grpc_op ops[4] = {};
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = answer;
    ops[2].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[3].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[3].data.recv_close_on_server.cancelled = &cancelled_;
    grpc_call_start_batch(call_, ops, 4, over_.tag(), nullptr);
    grpc_byte_buffer_destroy(answer);
  }

  void OnOver(bool) {
    if (request_) grpc_byte_buffer_destroy(request_);
    grpc_metadata_array_destroy(&metadata_);
    grpc_call_unref(call_);
    AwaitCall();
  }

  grpc_server* const server_;
  void* const method_;
  CallQueue& queue_;
  OpenCalls& open_calls_;
  grpc_slice& answer_;
  grpc_call* call_ = nullptr;
  gpr_timespec deadline_;
  grpc_metadata_array metadata_;
  grpc_byte_buffer* request_ = nullptr;
  int cancelled_ = 0;
  MemberEvent<CoreSlot, &CoreSlot::OnCame> came_{*this};
  MemberEvent<CoreSlot, &CoreSlot::OnOver> over_{*this};
};

class CoreServer final : public NullServer {
 public:
  CoreServer(const std::string& listen, const std::string& answer)
      : answer_(grpc_slice_from_copied_buffer(answer.data(), answer.size())),
        service_(kBalanceServiceName) {
    const auto& method = service_.AddUnary(std::string(NameOf(RpcMethod::kGetAccountSnapshot)));
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    for (int i = 0; i < UsableCores(); ++i) queues_.emplace_back(builder);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) return;
    for (CallQueue& queue : queues_) {
      for (int i = 0; i < kCallsAwaited; ++i) {
        slots_.emplace_back(server_->c_server(), method.server_tag(), queue, open_calls_, answer_);
      }
      queue.Start();
    }
  }

  ~CoreServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    open_calls_.WaitForNone();
    for (CallQueue& queue : queues_) queue.Stop();
    grpc_slice_unref(answer_);
  }

  int port() const override { return port_; }

 private:
  grpc_slice answer_;
  int port_ = 0;
  CoreMethods service_;
  OpenCalls open_calls_;
  std::list<CoreSlot> slots_;
  std::list<CallQueue> queues_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartCore(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<CoreServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
