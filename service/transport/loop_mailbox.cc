#include "service/transport/loop_mailbox.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

namespace balance {

void LoopMailbox::PostOpen() {
  is_posted_ = true;
  boost::asio::post(*io_, [self = shared_from_this()] { self->Open(); });
}

void LoopMailbox::Push(Item item) {
  const MutexLock lock(mutex_);
  if (!io_) return;
  items_.push_back(std::move(item));
  if (!is_posted_) PostOpen();
}

void LoopMailbox::TakeItems() {
  opened_.clear();
  handled_ = 0;
  {
    const MutexLock lock(mutex_);
    items_.swap(opened_);
  }
  const auto is_before = [](const Item& a, const Item& b) {
    return std::less<>()(a.connection, b.connection);
  };
  // Sorting takes memory.
  if (std::is_sorted(opened_.begin(), opened_.end(), is_before)) return;
  std::stable_sort(opened_.begin(), opened_.end(), is_before);
}

void LoopMailbox::Open() {
  if (handled_ == opened_.size()) TakeItems();
  if (opened_.empty()) return;
  handled_ += open_(std::span<const Item>(opened_).subspan(handled_));
  if (handled_ == opened_.size()) {
    opened_.clear();
    handled_ = 0;
  }
  const MutexLock lock(mutex_);
  is_posted_ = false;
  if (io_ && !(opened_.empty() && items_.empty())) PostOpen();
}

void LoopMailbox::Close() {
  std::vector<Item> dropped;
  const MutexLock lock(mutex_);
  io_ = nullptr;
  dropped.swap(items_);
}

}  // namespace balance
