#pragma once

// One completion queue of a gRPC server with a thread of its own.

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <thread>

namespace balance::bench {

// Something that a queue was asked to tell.
class QueueEvent : private grpc::internal::CompletionQueueTag {
 public:
  ~QueueEvent() override = default;

  // Called on the queue's thread. `ok`: as CompletionQueue::Next() has it.
  virtual void Happen(bool ok) = 0;

  // What gRPC's core knows it by.
  void* tag() { return static_cast<grpc::internal::CompletionQueueTag*>(this); }

 private:
  // gRPC's C++ queue takes every tag for one of these, and asks it for the tag that Next() is to
  // give.
  bool FinalizeResult(void** tag, bool*) final {
    *tag = this;
    return true;
  }
};

// Calls a member of its owner, which must outlive it.
template <typename Owner, void (Owner::*happen)(bool)>
class MemberEvent final : public QueueEvent {
 public:
  explicit MemberEvent(Owner& owner) : owner_(owner) {}
  void Happen(bool ok) override { (owner_.*happen)(ok); }

 private:
  Owner& owner_;
};

class CallQueue {
 public:
  // Joins the server that `builder` builds, which must be shut down before Stop() and must not
  // outlive this.
  explicit CallQueue(grpc::ServerBuilder& builder) : queue_(builder.AddCompletionQueue()) {}
  ~CallQueue() { Stop(); }
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  // As gRPC's core has it, which is asked for QueueEvents by their tags. Lives as long as this.
  grpc_completion_queue* core() { return queue_->cq(); }

  // REQUIRES: called once.
  void Start();

  // Returns when everything has been told; the second time at once. REQUIRES: nothing more is asked
  // of the queue, unless by an event.
  void Stop();

 private:
  void Run();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace balance::bench
