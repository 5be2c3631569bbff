#include <grpcpp/health_check_service_interface.h>

#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "proto/balance_v1_grpc.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

using AsyncService =
    v1::BalanceService::WithRawMethod_GetAccountSnapshot<v1::BalanceService::Service>;

// A place for one call after the other; used on its queue's thread only, once that runs.
class CallSlot {
 public:
  CallSlot(AsyncService& service, grpc::ServerCompletionQueue& queue, const grpc::Slice& answer)
      : service_(service), queue_(queue), answer_(answer) {
    AwaitCall();
  }

  // Whether the slot waits for the end of an answer rather than for a call.
  bool answering() const { return answering_; }

  // What the slot waited for has come.
  void Proceed() {
    if (answering_) return AwaitCall();
    answering_ = true;
    call_->responder.Finish(BufferOf(answer_), grpc::Status::OK, this);
  }

 private:
  struct Call {
    grpc::ServerContext context;
    grpc::ByteBuffer request;
    grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder{&context};
  };

  void AwaitCall() {
    answering_ = false;
    call_.emplace();
    service_.RequestGetAccountSnapshot(&call_->context, &call_->request, &call_->responder, &queue_,
                                       &queue_, this);
  }

  AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  const grpc::Slice& answer_;
  std::optional<Call> call_;
  bool answering_ = false;
};

class AsyncServer final : public NullServer {
 public:
  AsyncServer(const std::string& listen, const std::string& answer) : answer_(answer) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    for (int i = 0; i < UsableCores(); ++i) queues_.push_back(builder.AddCompletionQueue());
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) return;
    for (const auto& queue : queues_) {
      for (int i = 0; i < kCallsAwaited; ++i) slots_.emplace_back(service_, *queue, answer_);
      threads_.emplace_back([&queue = *queue] { Serve(queue); });
    }
  }

  ~AsyncServer() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
    for (std::thread& thread : threads_) thread.join();
  }

  int port() const override { return port_; }

 private:
  // An answer may fail because its caller has left; waiting for a call fails only when the server
  // shuts down, and then nothing new may be started on the queue.
  static void Serve(grpc::ServerCompletionQueue& queue) {
    void* tag = nullptr;
    bool ok = false;
    bool stopping = false;
    while (queue.Next(&tag, &ok)) {
      auto& slot = *static_cast<CallSlot*>(tag);
      if (stopping) continue;
      if (ok || slot.answering()) {
        slot.Proceed();
      } else {
        stopping = true;
        queue.Shutdown();
      }
    }
  }

  const grpc::Slice answer_;
  int port_ = 0;
  AsyncService service_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::list<CallSlot> slots_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<NullServer> StartMixed(const std::string& listen, const std::string& answer) {
  grpc::EnableDefaultHealthCheckService(true);
  return StartAsync(listen, answer);
}

std::unique_ptr<NullServer> StartAsync(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<AsyncServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
