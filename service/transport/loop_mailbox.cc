#include "service/transport/loop_mailbox.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace balance {

void LoopMailbox::PostOpen() {
  is_posted_ = true;
  boost::asio::post(*io_, [self = shared_from_this()] { self->Open(); });
}

void LoopMailbox::Push(Item item) {
  const std::lock_guard lock(mutex_);
  if (!io_) return;
  items_.push_back(std::move(item));
  if (!is_posted_) PostOpen();
}

void LoopMailbox::Open() {
  if (handled_ == opened_.size()) {
    opened_.clear();
    handled_ = 0;
    const std::lock_guard lock(mutex_);
    if (!io_) return;
    items_.swap(opened_);
  }
  handled_ += open_(std::span<const Item>(opened_).subspan(handled_));
  if (handled_ == opened_.size()) {
    opened_.clear();
    handled_ = 0;
  }
  const std::lock_guard lock(mutex_);
  is_posted_ = false;
  if (io_ && !(opened_.empty() && items_.empty())) PostOpen();
}

void LoopMailbox::Close() {
  std::vector<Item> dropped;
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  dropped.swap(items_);
}

}  // namespace balance
