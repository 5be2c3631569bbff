#pragma once

// The way into a transport loop from other threads: calls that were finished elsewhere and streams
// that shall be woken.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

namespace balance {

class H2Call;
class H2StreamWaker;

// Thread-safe. Outlives its loop in the hands of those who may still write; what comes once it is
// closed is dropped. Many items cost the loop one wake-up.
class LoopMailbox : public std::enable_shared_from_this<LoopMailbox> {
 public:
  using Item = std::variant<H2Call*, std::shared_ptr<H2StreamWaker>>;

  // `open` handles items on the loop's thread, as many as have come meanwhile.
  LoopMailbox(boost::asio::io_context& io, std::function<void(std::vector<Item>&)> open)
      : io_(&io), open_(std::move(open)) {}

  void Push(Item item);

  // Nothing is handled any more. Called before the loop ends.
  void Close();

 private:
  void Open();

  std::mutex mutex_;
  // Null once it is closed.
  boost::asio::io_context* io_;
  std::vector<Item> items_;
  const std::function<void(std::vector<Item>&)> open_;
  // Of the loop's thread: the items that are being handled; kept for its memory.
  std::vector<Item> opened_;
};

}  // namespace balance
