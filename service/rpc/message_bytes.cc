#include "service/rpc/message_bytes.h"

#include "service/snapshot/shared_bytes.h"

namespace balance {
namespace {

bool Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

MessageBytes::MessageBytes(std::span<const grpc_slice> slices)
    // gRPC counts the slices' users and changes nothing else of them.
    : MessageBytes(
          grpc_raw_byte_buffer_create(const_cast<grpc_slice*>(slices.data()), slices.size())) {}

bool ParseBytes(const MessageBytes& bytes, google::protobuf::MessageLite& message) {
  if (!bytes) return false;
  const grpc_slice_buffer& slices = bytes.get()->data.raw.slice_buffer;
  if (slices.count == 0) return Parse({}, message);
  if (slices.count == 1) return Parse(TextOf(slices.slices[0]), message);
  std::string whole;
  whole.reserve(bytes.size());
  for (const grpc_slice& slice : std::span(slices.slices, slices.count)) whole += TextOf(slice);
  return Parse(whole, message);
}

MessageBytes BytesOf(const google::protobuf::MessageLite& message) {
  const SharedBytes bytes(message.ByteSizeLong(), [&message](std::uint8_t* to) {
    message.SerializeWithCachedSizesToArray(to);
  });
  return MessageBytes(std::span(&bytes.slice(), 1));
}

}  // namespace balance
