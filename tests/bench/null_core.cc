#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>

#include <functional>
#include <list>
#include <utility>

#include "clients/core/mutex.h"
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

// A place for one stream after the other. Written to from any thread.
class CoreWatch {
 public:
  // `answer` must outlive this. `on_came` is called on the queue's thread when the place is taken.
  CoreWatch(grpc_server* server, void* method, CallQueue& queue, OpenCalls& open_calls,
            grpc_slice& answer, std::function<void()> on_came)
      : server_(server),
        method_(method),
        queue_(queue),
        open_calls_(open_calls),
        answer_(answer),
        on_came_(std::move(on_came)) {
    open_calls_.Add();
    AwaitCall();
  }

  // Leaves a stream out whose last message is under way.
  void Write() {
    const MutexLock lock(mutex_);
    if (!is_open_ || is_writing_) return;
    grpc_op op = {};
    StartWriting(op);
    grpc_call_start_batch(call_, &op, 1, written_.tag(), nullptr);
    grpc_byte_buffer_destroy(op.data.send_message.send_message);
  }

 private:
  void AwaitCall() {
    grpc_metadata_array_init(&metadata_);
    grpc_server_request_registered_call(server_, method_, &call_, &deadline_, &metadata_, &request_,
                                        queue_.core(), queue_.core(), came_.tag());
  }

  void StartWriting(grpc_op& op) BALANCE_REQUIRES(mutex_) {
    op.op = GRPC_OP_SEND_MESSAGE;
    op.data.send_message.send_message = grpc_raw_byte_buffer_create(&answer_, 1);
    is_writing_ = true;
  }

  void OnCame(bool ok) {
    // The server stops.
    if (!ok) return open_calls_.Remove();
    {
      const MutexLock lock(mutex_);
      grpc_op ops[2] = {};
      ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
      StartWriting(ops[1]);
      grpc_call_start_batch(call_, ops, 2, written_.tag(), nullptr);
      grpc_byte_buffer_destroy(ops[1].data.send_message.send_message);
      grpc_op over = {};
      over.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
      over.data.recv_close_on_server.cancelled = &cancelled_;
      grpc_call_start_batch(call_, &over, 1, over_.tag(), nullptr);
      is_open_ = true;
    }
    if (on_came_) std::exchange(on_came_, nullptr)();
  }

  void OnWritten(bool) {
    const MutexLock lock(mutex_);
    is_writing_ = false;
    if (!is_open_) End();
  }

  void OnOver(bool) {
    const MutexLock lock(mutex_);
    is_open_ = false;
    if (!is_writing_) End();
  }

  // REQUIRES: nothing of the call is under way.
  void End() {
    if (request_) grpc_byte_buffer_destroy(std::exchange(request_, nullptr));
    grpc_metadata_array_destroy(&metadata_);
    grpc_call_unref(call_);
    AwaitCall();
  }

  grpc_server* const server_;
  void* const method_;
  CallQueue& queue_;
  OpenCalls& open_calls_;
  grpc_slice& answer_;
  std::function<void()> on_came_;
  Mutex mutex_;
  bool is_open_ BALANCE_GUARDED_BY(mutex_) = false;
  bool is_writing_ BALANCE_GUARDED_BY(mutex_) = false;
  grpc_call* call_ = nullptr;
  gpr_timespec deadline_;
  grpc_metadata_array metadata_;
  grpc_byte_buffer* request_ = nullptr;
  int cancelled_ = 0;
  MemberEvent<CoreWatch, &CoreWatch::OnCame> came_{*this};
  MemberEvent<CoreWatch, &CoreWatch::OnWritten> written_{*this};
  MemberEvent<CoreWatch, &CoreWatch::OnOver> over_{*this};
};

class CoreServer final : public NullServer {
 public:
  CoreServer(const std::string& listen, const std::string& answer)
      : answer_(grpc_slice_from_copied_buffer(answer.data(), answer.size())),
        service_(kBalanceServiceName) {
    const auto& method = service_.AddUnary(std::string(NameOf(RpcMethod::kGetAccountSnapshot)));
    const auto& watch =
        service_.AddServerStreaming(std::string(NameOf(RpcMethod::kWatchAccountSnapshots)));
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    for (int i = 0; i < UsableCores(); ++i) queues_.emplace_back(builder);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) return;
    watch_method_ = watch.server_tag();
    for (CallQueue& queue : queues_) {
      for (int i = 0; i < kCallsAwaited; ++i) {
        slots_.emplace_back(server_->c_server(), method.server_tag(), queue, open_calls_, answer_);
        AwaitWatch(queue);
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
  void WriteToWatchers() override {
    const MutexLock lock(mutex_);
    for (CoreWatch& watch : watches_) watch.Write();
  }

 private:
  // A stream takes its place for long, so another one is made.
  void AwaitWatch(CallQueue& queue) {
    const MutexLock lock(mutex_);
    watches_.emplace_back(server_->c_server(), watch_method_, queue, open_calls_, answer_,
                          [this, &queue] { AwaitWatch(queue); });
  }

  grpc_slice answer_;
  int port_ = 0;
  CoreMethods service_;
  OpenCalls open_calls_;
  std::list<CoreSlot> slots_;
  void* watch_method_ = nullptr;
  Mutex mutex_;
  std::list<CoreWatch> watches_ BALANCE_GUARDED_BY(mutex_);
  std::list<CallQueue> queues_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartCore(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<CoreServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
