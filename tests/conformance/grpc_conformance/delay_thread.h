#pragma once

// A thread that does things later, for handlers that must not wait themselves.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <thread>

namespace balance {

// Thread-safe.
class DelayThread {
 public:
  DelayThread();
  DelayThread(const DelayThread&) = delete;
  DelayThread& operator=(const DelayThread&) = delete;
  // Drops what is not yet due.
  ~DelayThread();

  // Calls `work` on the thread.
  void After(std::chrono::milliseconds delay, std::function<void()> work);

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace balance
