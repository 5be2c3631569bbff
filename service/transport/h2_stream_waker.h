#pragma once

// Lets other threads wake the handler of a stream that may be over by then.

#include <atomic>
#include <memory>
#include <utility>

#include "service/transport/loop_mailbox.h"
#include "service/transport/server_stream.h"

namespace balance {

class H2ServerStream;

// Wake() is thread-safe; everything else is used on the loop's thread.
class H2StreamWaker final : public StreamWaker, public std::enable_shared_from_this<H2StreamWaker> {
 public:
  // `connection` tells the streams of one connection from those of others.
  H2StreamWaker(std::shared_ptr<LoopMailbox> mailbox, H2ServerStream& stream,
                const void* connection)
      : mailbox_(std::move(mailbox)), connection_(connection), stream_(&stream) {}

  void Wake() override;

  // Tells the stream, if it is not over.
  void Deliver();
  // The stream that Deliver() tells; null: it is over.
  const H2ServerStream* stream() const { return stream_; }
  // The stream is over.
  void Detach() { stream_ = nullptr; }

 private:
  const std::shared_ptr<LoopMailbox> mailbox_;
  const void* const connection_;
  std::atomic<bool> is_pending_ = false;
  H2ServerStream* stream_;
};

}  // namespace balance
