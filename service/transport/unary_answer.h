#pragma once

// The answer of a unary call on its way out: a message behind its prefix, and a status.

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "service/transport/call_status.h"
#include "service/transport/grpc_wire.h"
#include "service/transport/out_buffer.h"
#include "service/transport/response.h"

namespace balance {

// Used on its loop's thread, apart from Set(); used again for further calls.
class UnaryAnswer {
 public:
  // Called by the thread that finishes the call, before it tells the loop.
  void Set(Response response, CallStatus status) {
    response_ = std::move(response);
    status_ = std::move(status);
  }
  // Words for a person instead of a message.
  void SetWords(std::string_view words);

  const CallStatus& status() const { return status_; }
  std::size_t message_size() const { return response_.size(); }

  // Writes the prefix, once nothing about the message changes any more.
  void Begin() { prefix_ = MessagePrefix(response_.size()); }
  // How many bytes may be sent next, if there is room for so many. `is_last`: nothing is left
  // then, and a message is to be followed by trailers.
  std::size_t Announce(std::size_t room, bool& is_last) const;
  bool is_message() const { return has_prefix_; }
  // Appends the next `size` bytes.
  void Gather(OutBuffer& out, std::size_t size);

  void Clear();

 private:
  Response response_;
  CallStatus status_;
  std::array<unsigned char, kMessagePrefixSize> prefix_{};
  // Counts the prefix too.
  std::size_t sent_ = 0;
  bool has_prefix_ = true;
};

}  // namespace balance
