#pragma once

// A message of a stream on its way out, behind its prefix.

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "service/transport/grpc_wire.h"
#include "service/transport/out_buffer.h"
#include "service/transport/stream_message.h"

namespace balance {

// Used on its loop's thread only, and used again for further messages. An idle stream has none: its
// loop lends it one for as long as a message is under way, so that thousands of streams which write
// one after the other use the same memory.
class OutgoingMessage {
 public:
  void Begin(StreamMessage message) {
    message_ = std::move(message);
    prefix_ = MessagePrefix(message_.size());
    sent_ = queued_ = 0;
    is_announced_ = false;
  }

  // Bytes of the message without its prefix.
  std::size_t size() const { return message_.size(); }
  // Bytes that have not been sent, those of the prefix among them.
  std::size_t left() const { return kMessagePrefixSize + message_.size() - sent_; }
  // Whether nothing of it must follow: nothing was sent, and no head of a frame was made.
  bool is_untouched() const { return sent_ == 0 && !is_announced_; }

  // How many bytes are sent next, if there is room for so many. Gather() must follow with as many.
  std::size_t Announce(std::size_t room) {
    is_announced_ = true;
    return std::min(left(), room);
  }
  // Appends the next `size` bytes.
  void Gather(OutBuffer& out, std::size_t size) {
    std::size_t offset = sent_;
    sent_ += size;
    is_announced_ = false;
    out.AppendPart(prefix_, offset, size);
    for (const auto part : {message_.head(), message_.body(), message_.tail()}) {
      out.AppendPart(part, offset, size);
    }
  }

  // How many bytes of it its stream has queued in the session.
  std::size_t queued() const { return queued_; }
  void set_queued(std::size_t bytes) { queued_ = bytes; }

  // Forgets the message, and lets go of the bytes that it shares.
  void Clear() { message_ = {}; }

 private:
  StreamMessage message_;
  std::array<unsigned char, kMessagePrefixSize> prefix_{};
  // Counts the prefix too.
  std::size_t sent_ = 0;
  std::size_t queued_ = 0;
  // nghttp2 has made the head of a frame of it, so that frame must follow as it was announced.
  bool is_announced_ = false;
};

}  // namespace balance
