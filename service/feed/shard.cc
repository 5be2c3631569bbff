#include "service/feed/shard.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

namespace balance {

namespace asio = boost::asio;

Shard::Shard() : work_(asio::make_work_guard(loop_)) {}

Shard::~Shard() { assert(!thread_.joinable()); }

void Shard::Start() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Shard::Post(std::function<void()> work) { asio::post(loop_, std::move(work)); }

void Shard::Dispatch(std::function<void()> work) { asio::dispatch(loop_, std::move(work)); }

void Shard::RunAndWait(std::function<void()> work) {
  std::promise<void> done;
  Post([&work, &done] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void Shard::Join() {
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

}  // namespace balance
