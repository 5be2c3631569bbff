#pragma once

// Work on answers about many accounts, on a thread of its own: neither a loop of the transport
// nor a shard keeps others waiting for it.

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>

#include "service/rpc/budget.h"

namespace balance {

// Thread-safe. Work runs in the order in which it came. The destructor drops what has not begun.
class EncodeQueue {
 public:
  // `most_accounts`: how many accounts the queue holds before it refuses more.
  explicit EncodeQueue(std::size_t most_accounts) : budget_(most_accounts) {}

  // Runs `work`, which is about so many accounts, unless there is no room for it: then returns
  // false and drops it.
  bool TryPost(std::size_t accounts, std::function<void()> work);

  // Runs `work` for a call that was admitted before, at once if this is called by work of the
  // queue; the room that it needs is taken from those who come.
  void Dispatch(std::size_t accounts, std::function<void()> work);

 private:
  std::function<void()> GivingBack(std::size_t accounts, std::function<void()> work);

  Budget budget_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace balance
