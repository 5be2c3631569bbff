#include "tests/bench/core_queue.h"

#include <utility>

namespace balance::bench {

void CallQueue::Start() {
  thread_ = std::thread([this] { Run(); });
}

void CallQueue::Stop() {
  if (std::exchange(stopped_, true)) return;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Run();
  }
}

void CallQueue::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<QueueEvent*>(tag)->Happen(ok);
}

}  // namespace balance::bench
