#include "service/transport/h2_stream_waker.h"

#include "service/transport/h2_server_stream.h"

namespace balance {

void H2StreamWaker::Wake() {
  if (!is_pending_.exchange(true)) mailbox_->Push({nullptr, shared_from_this(), connection_});
}

void H2StreamWaker::Deliver() {
  is_pending_ = false;
  if (stream_) stream_->OnWake();
}

}  // namespace balance
