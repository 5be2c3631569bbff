#include "service/rpc/waiting_call.h"

#include <utility>

namespace balance {

void WaitingCall::Start(std::vector<Read> reads, Finish finish) {
  finish_ = std::move(finish);
  answers_.resize(reads.size());
  // One more than the reads: the call does not finish while tickets are still being stored.
  open_ = reads.size() + 1;
  {
    // Whoever leaves from here on finds all tickets.
    const MutexLock lock(mutex_);
    if (caller_has_left_) {
      withdrawn_ = true;
      open_ = 1;
      reads.clear();
    }
    tickets_.reserve(reads.size());
    for (std::size_t i = 0; i < reads.size(); ++i) {
      tickets_.push_back(reads[i].handle->Read(
          std::move(reads[i].read),
          [this, i](AccountAnswer answer) {
            answers_[i] = std::move(answer);
            EndOne();
          },
          [this] {
            withdrawn_ = true;
            EndOne();
          }));
    }
  }
  EndOne();
}

void WaitingCall::OnCallerLeft() {
  std::vector<std::shared_ptr<ReadTicket>> tickets;
  {
    const MutexLock lock(mutex_);
    caller_has_left_ = true;
    tickets = tickets_;
  }
  for (const auto& ticket : tickets) ticket->Cancel();
}

void WaitingCall::EndOne() {
  if (open_.fetch_sub(1) != 1) return;
  if (withdrawn_) {
    finish_(std::nullopt);
  } else {
    finish_(std::move(answers_));
  }
}

}  // namespace balance
