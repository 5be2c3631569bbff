#pragma once

// A call by the API of gRPC's core, on which its C++ API stands. What that adds, a ServerContext, a
// map of the metadata and an event more, costs a tenth of a call that does nothing;
// tests/bench/README.md has the figures.

#include <grpc/grpc.h>
#include <grpcpp/support/status.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "service/rpc/call_queue.h"
#include "service/rpc/core_methods.h"
#include "service/rpc/message_bytes.h"
#include "service/rpc/peer_identity.h"

namespace balance {

// From being awaited to being over. gRPC has its address until every event that it was asked for
// has happened: it must live until then. Not thread-safe, but answered by any one thread, which has
// been given the call by the thread that it came to.
class CoreCall {
 public:
  CoreCall();
  CoreCall(const CoreCall&) = delete;
  CoreCall& operator=(const CoreCall&) = delete;
  ~CoreCall();

  // `came` happens on `queue` when a call of `method` has come, or not `ok` when the server stops:
  // then nothing else may be called. REQUIRES: called once; the method is registered at `server`.
  void Await(grpc_server* server, const CoreMethods::Method& method, CallQueue& queue,
             QueueEvent& came);

  // Of the caller; max() if it has none.
  std::chrono::system_clock::time_point deadline() const;
  // Live as long as this.
  Authorizations authorizations() const;
  PeerIdentity identity() const;
  std::string peer() const;
  // None if the caller sent none, or left before it had come.
  const MessageBytes& request();

  // `closed` happens when the call is over: all has been sent, or the caller has left. Called at
  // most once, before Finish().
  void WatchClose(QueueEvent& closed);
  // REQUIRES: `closed` has happened.
  bool caller_has_left() const { return cancelled_ != 0; }

  // Sends one of several messages. REQUIRES: `sent` of the one before has happened.
  void Write(MessageBytes message, QueueEvent& sent);

  // Sends the status, and a message if that is OK. `finished` happens when the last byte was handed
  // to the transport or nobody is left to take it, and, unless WatchClose() was called, not before
  // the call is over. Called at most once, REQUIRES: the last Write() has been told.
  void Finish(MessageBytes message, const grpc::Status& status, QueueEvent& finished);

 private:
  class Batch;
  // What a status sends beside its code.
  struct Trailers {
    explicit Trailers(const grpc::Status& status);
    Trailers(const Trailers&) = delete;
    Trailers& operator=(const Trailers&) = delete;
    ~Trailers();

    grpc_slice message;
    std::array<grpc_metadata, 2> metadata;
    std::size_t count = 0;
  };

  // What gRPC fills when the call comes.
  grpc_call* call_ = nullptr;
  gpr_timespec deadline_;
  grpc_metadata_array metadata_;
  grpc_byte_buffer* message_ = nullptr;

  MessageBytes request_;
  // On its way; gRPC does not copy it.
  MessageBytes response_;
  std::optional<Trailers> trailers_;
  bool sends_headers_ = true;
  bool watches_close_ = false;
  int cancelled_ = 0;
};

}  // namespace balance
