#pragma once

// The way into a transport loop from other threads: calls that were finished elsewhere and streams
// that shall be woken.

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"

namespace balance {

class H2Call;
class H2StreamWaker;

// Thread-safe. Outlives its loop in the hands of those who may still write; what comes once it is
// closed is dropped. Many items cost the loop one wake-up. Of those that are opened together,
// finished calls come first and streams of one connection one after the other: what they write
// leaves as one, and while they are in the processor's caches.
class LoopMailbox : public std::enable_shared_from_this<LoopMailbox> {
 public:
  struct Item {
    // A call that was finished. Null: a stream is to be woken.
    H2Call* call = nullptr;
    std::shared_ptr<H2StreamWaker> waker;
    // Of the stream; only compared.
    const void* connection = nullptr;
  };

  // Handles items on the loop's thread, as many of the first ones as it likes but at least one, and
  // returns their number. The others come again after whatever else the loop has to do.
  using OpenItems = std::function<std::size_t(std::span<const Item>)>;

  LoopMailbox(boost::asio::io_context& io, OpenItems open) : io_(&io), open_(std::move(open)) {}

  void Push(Item item);

  // Nothing is handled any more. Called before the loop ends.
  void Close();

 private:
  void Open();
  // REQUIRES: all that were opened before have been handled.
  void TakeItems();
  // Posts with the lock held, so that Close() finds it done.
  void PostOpen() BALANCE_REQUIRES(mutex_);

  Mutex mutex_;
  // Null once it is closed.
  boost::asio::io_context* io_ BALANCE_GUARDED_BY(mutex_);
  // The loop is going to call Open().
  bool is_posted_ BALANCE_GUARDED_BY(mutex_) = false;
  std::vector<Item> items_ BALANCE_GUARDED_BY(mutex_);
  const OpenItems open_;
  // Of the loop's thread: the items that are being handled, and how many of them were; kept for its
  // memory.
  std::vector<Item> opened_;
  std::size_t handled_ = 0;
};

}  // namespace balance
