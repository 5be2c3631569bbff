#pragma once

// The room of a connection for requests that are not complete, shared among its calls.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "service/transport/transport_limits.h"

namespace balance {

// Half of it is dealt out beforehand, as the window that every stream begins with, which is enough
// for most requests. Those that are larger take turns for the other half: each gets all of the
// window that its message needs, or waits until others have given theirs back. So no request waits
// for one that waits itself, which would be so if all had sent a part and none could send the rest.
//
// Used on its loop's thread.
class RequestRoom {
 public:
  explicit RequestRoom(const TransportLimits& limits);

  // The window that every stream begins with.
  std::uint32_t first_window() const { return first_window_; }
  // More than this is not kept of peers that heed their windows.
  std::size_t most_bytes() const { return most_bytes_; }

  // A request of `stream` needs a window of `bytes` in all. Does nothing if it has that, or has
  // asked before.
  void Ask(std::int32_t stream, std::size_t bytes);
  // The request is complete, or not wanted any more. Returns by how much the stream's window was
  // made larger.
  std::size_t GiveBack(std::int32_t stream);

  struct Grant {
    std::int32_t stream;
    // By so much its window becomes larger.
    std::size_t bytes;
  };
  // Whose turn it is; unset if there is nobody, or no room.
  std::optional<Grant> TakeTurn();

 private:
  // Streams that have asked, of which the first `granted_` have had their turn.
  std::deque<Grant> asked_;
  std::size_t granted_ = 0;
  std::size_t free_bytes_;
  const std::uint32_t first_window_;
  const std::size_t most_bytes_;
};

}  // namespace balance
