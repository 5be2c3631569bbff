#pragma once

// One event loop with one thread, and everything that lives on it.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <thread>

namespace balance {

// Created, started and stopped by the composition root; Post() may be called from any thread.
class Shard {
 public:
  Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  // REQUIRES: Join() has returned, or Start() was never called.
  ~Shard();

  boost::asio::io_context& loop() { return loop_; }

  // Runs the loop on its own thread from now on.
  void Start();

  // Runs `work` on the loop's thread, after everything posted before it; never, once the loop has
  // ended.
  void Post(std::function<void()> work);

  // The same, but runs `work` at once if this is the loop's thread.
  void Dispatch(std::function<void()> work);

  // Posts `work` and waits for its end. REQUIRES: Start() was called; not on the loop's thread.
  void RunAndWait(std::function<void()> work);

  // Lets the loop end as soon as it has nothing left to do, and waits for its thread. What lives on
  // the loop must have been told to stop before.
  void Join();

 private:
  // One thread runs it, so what it posts to itself takes no lock.
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace balance
