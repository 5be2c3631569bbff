#include "service/rpc/waiting_call.h"

#include <utility>

namespace balance {

WaitingCall::WaitingCall(Respond respond, OnFinish on_finish)
    : respond_(std::move(respond)), on_finish_(std::move(on_finish)) {}

void WaitingCall::Start(std::vector<Read> reads) {
  answers_.resize(reads.size());
  tickets_.reserve(reads.size());
  // One more than the reads: the call does not finish while tickets are still being stored.
  open_ = reads.size() + 1;
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
  EndOne();
}

void WaitingCall::OnCancel() {
  for (const auto& ticket : tickets_) ticket->Cancel();
}

void WaitingCall::EndOne() {
  if (open_.fetch_sub(1) != 1) return;
  const grpc::Status status = withdrawn_
                                  ? grpc::Status(grpc::StatusCode::CANCELLED, "the caller has left")
                                  : respond_(std::move(answers_));
  on_finish_(status.error_code());
  Finish(status);
}

}  // namespace balance
