#pragma once

// A stream whose messages leave one after another, each after a delay of its own.

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "service/transport/server_stream.h"
#include "tests/conformance/grpc_conformance/delay_thread.h"

namespace balance {

// Used on its loop's thread.
class PacedStream : public StreamHandler {
 public:
  // `delays` must outlive the stream.
  explicit PacedStream(DelayThread& delays) : delays_(delays) {}

  // REQUIRES: called once, before anything else here.
  void Begin(ServerStream& stream) { stream_ = &stream; }

  // Sends `message`, `delay` after the one before has left.
  void Queue(SharedBytes message, std::chrono::milliseconds delay);
  // Ends the stream once all messages have left. What is queued afterwards is not sent.
  void End(CallStatus status);
  bool has_ended() const { return status_.has_value(); }

  void OnWritable() override { SendDue(); }
  void OnWake() override;

 private:
  enum class Wait : std::uint8_t { kNone, kWaiting, kOver };

  struct Message {
    SharedBytes bytes;
    std::chrono::milliseconds delay;
  };

  void SendDue();
  // Whether the first message's delay is over; starts it if need be.
  bool IsDue();

  DelayThread& delays_;
  ServerStream* stream_ = nullptr;
  std::deque<Message> queue_;
  // For the first of the queue.
  Wait wait_ = Wait::kNone;
  std::optional<CallStatus> status_;
};

}  // namespace balance
