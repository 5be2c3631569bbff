#include "service/transport/loop_mailbox.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace balance {

void LoopMailbox::Push(Item item) {
  const std::lock_guard lock(mutex_);
  if (!io_) return;
  items_.push_back(std::move(item));
  // Posted under the lock, so that Close() finds it done.
  if (items_.size() == 1) boost::asio::post(*io_, [self = shared_from_this()] { self->Open(); });
}

void LoopMailbox::Open() {
  {
    const std::lock_guard lock(mutex_);
    if (!io_) return;
    items_.swap(opened_);
  }
  open_(opened_);
  opened_.clear();
}

void LoopMailbox::Close() {
  std::vector<Item> dropped;
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  dropped.swap(items_);
}

}  // namespace balance
