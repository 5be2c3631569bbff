#pragma once

// Protobuf messages from and to the bytes of calls.

#include <google/protobuf/message_lite.h>

#include <limits>
#include <string_view>

#include "clients/core/shared_bytes.h"

namespace balance {

// False if the bytes are not such a message.
inline bool ParseBytes(std::string_view bytes, google::protobuf::MessageLite& message) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

inline SharedBytes BytesOf(const google::protobuf::MessageLite& message) {
  // Sizes of parts are kept in the message by this, which the writing relies on.
  const std::size_t size = message.ByteSizeLong();
  return {size, [&message](unsigned char* to) { message.SerializeWithCachedSizesToArray(to); }};
}

}  // namespace balance
