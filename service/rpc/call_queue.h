#pragma once

// One completion queue of a gRPC server with a thread of its own.

#include <grpcpp/server_builder.h>

#include <memory>
#include <thread>

namespace balance {

// Something that a queue was asked to tell; the tag is its address as a QueueEvent.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;

  // Called on the queue's thread. `ok`: as CompletionQueue::Next() has it.
  virtual void Happen(bool ok) = 0;
};

class CallQueue {
 public:
  // Joins the server that `builder` builds, which must be shut down before Stop() and must not
  // outlive this.
  explicit CallQueue(grpc::ServerBuilder& builder) : queue_(builder.AddCompletionQueue()) {}
  ~CallQueue() { Stop(); }
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  grpc::ServerCompletionQueue& queue() { return *queue_; }

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

}  // namespace balance
