#include "service/server/hangup_thread.h"

#include <signal.h>

#include <utility>

namespace balance {

HangupThread::HangupThread(std::function<void()> on_hangup) : on_hangup_(std::move(on_hangup)) {
  thread_ = std::thread([this] { Run(); });
}

HangupThread::~HangupThread() {
  stopped_ = true;
  pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void HangupThread::Run() {
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  int number = 0;
  while (sigwait(&hangup, &number) == 0 && !stopped_) on_hangup_();
}

}  // namespace balance
