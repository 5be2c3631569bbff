#include "service/transport/request_room.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "service/transport/grpc_wire.h"

namespace balance {

RequestRoom::RequestRoom(const TransportLimits& limits)
    // One request of the largest size always finds room.
    : free_bytes_(std::max(limits.unfinished_request_bytes / 2,
                           limits.request_bytes + 2 * kMessagePrefixSize)),
      first_window_(static_cast<std::uint32_t>(limits.unfinished_request_bytes / 2 /
                                               limits.concurrent_streams)),
      // A peer may have sent the connection's first window before it knew of ours.
      most_bytes_(limits.unfinished_request_bytes / 2 + free_bytes_ +
                  NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE) {}

void RequestRoom::Ask(std::int32_t stream, std::size_t bytes) {
  if (bytes <= first_window_) return;
  const bool has_asked = std::any_of(asked_.begin(), asked_.end(), [stream](const Grant& other) {
    return other.stream == stream;
  });
  if (!has_asked) asked_.push_back({stream, bytes - first_window_});
}

std::size_t RequestRoom::GiveBack(std::int32_t stream) {
  const auto found = std::find_if(asked_.begin(), asked_.end(),
                                  [stream](const Grant& other) { return other.stream == stream; });
  if (found == asked_.end()) return 0;
  const bool was_granted = static_cast<std::size_t>(found - asked_.begin()) < granted_;
  const std::size_t bytes = was_granted ? found->bytes : 0;
  if (was_granted) --granted_;
  free_bytes_ += bytes;
  asked_.erase(found);
  return bytes;
}

std::optional<RequestRoom::Grant> RequestRoom::TakeTurn() {
  if (granted_ == asked_.size() || asked_[granted_].bytes > free_bytes_) return std::nullopt;
  const Grant& grant = asked_[granted_++];
  free_bytes_ -= grant.bytes;
  return grant;
}

}  // namespace balance
