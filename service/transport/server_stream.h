#pragma once

// A call that is answered with any number of messages, as its handler sees it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/key_queue.h"
#include "clients/core/spin_lock.h"
#include "clients/core/thread_annotations.h"
#include "clients/core/topic.h"
#include "service/transport/call_status.h"
#include "service/transport/stream_message.h"

namespace balance {

// For the peer to take the message behind which the status of a stream is to come. As long as `rpc`
// waits for the reader of a watch, which knows the transport and not the other way round.
inline constexpr Duration kLastMessagePatience = std::chrono::seconds(20);

// Told what happens to a stream. Lives as long as the stream and is destroyed on its loop. All
// functions are called on the loop's thread and must not block.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;

  // A request message of a bidirectional call has come; valid during the call.
  virtual void OnMessage(std::string_view /*message*/) {}
  // The caller of a bidirectional call will send no further message.
  virtual void OnMessagesEnd() {}
  // ServerStream::CanWrite() said no and may say yes now.
  virtual void OnWritable() = 0;
  // StreamWaker::Wake() was called at least once since the last time, or the identity of the peer
  // does not hold any more.
  virtual void OnWake() {}
  // The time has come that SetTimer() was called with.
  virtual void OnTimer() {}
  // The caller has left, or its deadline or connection has ended: nothing that is written reaches
  // anybody, and the stream must not be used any more. The handler is destroyed afterwards.
  virtual void OnCallerLeft() {}
};

// Calls StreamHandler::OnWake() from any thread, and so subscribes a stream to what is published.
// Thread-safe; does nothing once the stream is over. Many wakes in a row come as one.
class StreamWaker : public Subscriber {
 public:
  virtual void Wake() = 0;

  // Wakes the stream, and keeps the key until TakeKeys().
  void OnPublished(std::uint32_t key) final {
    {
      const SpinLockHolder holder(lock_);
      keys_.Push(key);
    }
    Wake();
  }

  // The keys of what was published since the last time, each once; the one that came first comes
  // first.
  KeyQueue::Keys TakeKeys() {
    const SpinLockHolder holder(lock_);
    return keys_.Take();
  }

 private:
  SpinLock lock_;
  KeyQueue keys_ BALANCE_GUARDED_BY(lock_);
};

// Used on its loop's thread only, and only until the handler hears that it is over.
class ServerStream {
 public:
  virtual ~ServerStream() = default;

  // Whether a message of `size` bytes would leave now: none is under way, the peer's flow-control
  // windows have room for it, and the socket takes bytes. A stream that writes only then keeps
  // nothing in buffers, so what it writes next is always its newest state. For a message larger
  // than half a window it is enough that half of it is open: peers give room back lazily, when half
  // of a window is used up, so a wider one might never come. If the answer is no, OnWritable()
  // comes when it is worth asking again.
  virtual bool CanWrite(std::size_t size) = 0;

  // Whether a message is under way: written, but not handed to the connection as a whole yet, which
  // sends it as the socket takes bytes. Costs next to nothing and asks for nothing.
  virtual bool IsWriting() const = 0;

  // Sends a message. REQUIRES: none is under way, which holds after CanWrite() said yes. One that
  // CanWrite() would refuse is sent as the peer takes it.
  virtual void Write(StreamMessage message) = 0;

  // Ends the stream with a status, after the message that is under way. A peer that does not take
  // that within kLastMessagePatience is treated as by Abort(). The handler is told of nothing more,
  // and is destroyed when the stream is over.
  virtual void Finish(CallStatus status) = 0;

  // As Finish(), but does not wait for a message that is stuck in the middle: such a stream is
  // reset, for nothing else can follow half a message.
  virtual void Abort(CallStatus status) = 0;

  // Calls OnTimer() once, at or after `when` and never from here, instead of at the time that was
  // set before. SteadyTime::max(): not at all.
  virtual void SetTimer(SteadyTime when) = 0;

  // The handler ends the stream in good time by itself: the connection, once it has reached its age
  // and takes no new calls, waits for that.
  virtual void OutliveConnectionAge() = 0;

  // Wakes this stream's handler from other threads.
  virtual std::shared_ptr<StreamWaker> waker() = 0;
};

}  // namespace balance
