#include "service/rpc/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

namespace balance {

bool ParseBytes(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  if (bytes.Length() == 0) return message.ParseFromArray(nullptr, 0);
  if (grpc::Slice whole; bytes.TrySingleSlice(&whole).ok()) {
    return message.ParseFromArray(whole.begin(), static_cast<int>(whole.size()));
  }
  // Reading consumes its buffer; a copy shares the slices.
  grpc::ByteBuffer copy(bytes);
  grpc::ProtoBufferReader reader(&copy);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

grpc::ByteBuffer BytesOf(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  const grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return {&slice, 1};
}

}  // namespace balance
