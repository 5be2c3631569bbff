#include "tests/conformance/grpc_conformance/delay_thread.h"

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace balance {

DelayThread::DelayThread() : guard_(io_.get_executor()), thread_([this] { io_.run(); }) {}

DelayThread::~DelayThread() {
  io_.stop();
  thread_.join();
}

void DelayThread::After(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
  timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
    if (!error) work();
  });
}

}  // namespace balance
