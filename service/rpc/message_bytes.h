#pragma once

// The bytes of one message on its way out of or into gRPC's core.

#include <google/protobuf/message_lite.h>
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include <cstddef>
#include <memory>
#include <span>

namespace balance {

// Slices, which are shared and never written to.
class MessageBytes {
 public:
  // No message, which is something else than an empty one.
  MessageBytes() = default;
  // What gRPC has made and gives away; null for no message.
  explicit MessageBytes(grpc_byte_buffer* buffer) : buffer_(buffer) {}
  // The slices one behind the other; takes a reference to each.
  explicit MessageBytes(std::span<const grpc_slice> slices);

  explicit operator bool() const { return buffer_ != nullptr; }
  std::size_t size() const { return buffer_ ? grpc_byte_buffer_length(buffer_.get()) : 0; }

  // gRPC takes the slices out of what it sends.
  grpc_byte_buffer* get() const { return buffer_.get(); }

 private:
  struct Destroy {
    void operator()(grpc_byte_buffer* buffer) const { grpc_byte_buffer_destroy(buffer); }
  };

  std::unique_ptr<grpc_byte_buffer, Destroy> buffer_;
};

// False if the bytes are not such a message.
bool ParseBytes(const MessageBytes& bytes, google::protobuf::MessageLite& message);

MessageBytes BytesOf(const google::protobuf::MessageLite& message);

}  // namespace balance
