#include "tests/conformance/grpc_conformance/paced_stream.h"

#include <utility>

namespace balance {

void PacedStream::Queue(SharedBytes message, std::chrono::milliseconds delay) {
  if (has_ended()) return;
  queue_.push_back({std::move(message), delay});
  SendDue();
}

void PacedStream::End(CallStatus status) {
  if (has_ended()) return;
  status_ = std::move(status);
  SendDue();
}

void PacedStream::OnWake() {
  wait_ = Wait::kOver;
  SendDue();
}

void PacedStream::SendDue() {
  while (!queue_.empty()) {
    if (!IsDue() || !stream_->CanWrite(queue_.front().bytes.size())) return;
    stream_->Write(std::move(queue_.front().bytes));
    queue_.pop_front();
    wait_ = Wait::kNone;
  }
  if (status_) stream_->Finish(*status_);
}

bool PacedStream::IsDue() {
  const auto delay = queue_.front().delay;
  if (wait_ == Wait::kNone && delay > std::chrono::milliseconds::zero()) {
    wait_ = Wait::kWaiting;
    delays_.After(delay, [waker = stream_->waker()] { waker->Wake(); });
  }
  return wait_ != Wait::kWaiting;
}

}  // namespace balance
