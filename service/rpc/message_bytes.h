#pragma once

// Messages of raw methods.

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

namespace balance {

// False if the bytes are not such a message.
bool ParseBytes(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);

grpc::ByteBuffer BytesOf(const google::protobuf::MessageLite& message);

}  // namespace balance
