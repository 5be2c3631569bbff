#include "service/transport/h2_server_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "clients/core/prefetch.h"
#include "service/transport/h2_call.h"
#include "service/transport/h2_session.h"
#include "service/transport/h2_stream_waker.h"
#include "service/transport/transport_loop.h"

namespace balance {

H2ServerStream::H2ServerStream(H2Call& call, H2Session& session, std::int32_t id,
                               std::unique_ptr<StreamHandler> handler)
    : call_(call), session_(&session), handler_(std::move(handler)), id_(id) {
  nghttp2_data_provider provider{};
  // Of its call: the session hands it what is due.
  provider.source.ptr = &call_;
  provider.read_callback = Read;
  SubmitMessages(h2(), provider);
}

H2ServerStream::~H2ServerStream() = default;

H2StreamId H2ServerStream::h2() const { return {session_->handle(), id_}; }

bool H2ServerStream::CanWrite(std::size_t size) {
  if (!session_ || is_finished_) return false;
  if (!message_) {
    nghttp2_session* const session = session_->handle();
    const std::size_t whole = size + kMessagePrefixSize;
    const std::size_t half_window =
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) / 2;
    const auto open = nghttp2_session_get_stream_remote_window_size(session, id_);
    const bool fits = open > 0 && static_cast<std::size_t>(open) >= std::min(whole, half_window);
    if (fits && session_->HasRoom(whole)) return true;
  }
  if (!std::exchange(wants_writable_, true)) turn_ = session_->NextTurn();
  return false;
}

void H2ServerStream::Write(StreamMessage message) {
  if (!session_ || is_finished_) return;
  assert(!message_);
  message_ = call_.loop().LendMessage();
  message_->Begin(std::move(message));
  session_->AddUntaken(message_->size());
  CountQueued();
  if (std::exchange(is_deferred_, false)) nghttp2_session_resume_data(session_->handle(), id_);
  session_->owner().OnOutput();
}

void H2ServerStream::CountQueued() {
  if (!message_) return;
  const auto open = nghttp2_session_get_stream_remote_window_size(session_->handle(), id_);
  SetQueued(open > 0 ? std::min(message_->left(), static_cast<std::size_t>(open)) : 0);
}

void H2ServerStream::SetQueued(std::size_t bytes) {
  session_->RemoveQueued(message_->queued());
  session_->AddQueued(bytes);
  message_->set_queued(bytes);
}

void H2ServerStream::DropMessage() {
  if (!message_) return;
  if (message_->queued() > 0) session_->ExpectRoom();
  SetQueued(0);
  session_->RemoveUntaken(message_->size());
  call_.loop().TakeBack(std::move(message_));
}

void H2ServerStream::Finish(CallStatus status) {
  if (session_ == nullptr || std::exchange(is_finished_, true)) return;
  EndLasting();
  StopTimer();
  call_.OnStreamFinished();
  if (message_) {
    last_status_ = std::make_unique<const CallStatus>(std::move(status));
    timer_at_ = call_.loop().clock().SteadyNow() + kLastMessagePatience;
    call_.loop().stream_timers().Add(*this, timer_at_);
  } else {
    SubmitTrailers(h2(), status);
  }
  session_->owner().OnOutput();
}

void H2ServerStream::Abort(CallStatus status) {
  if (!session_ || is_finished_) return;
  if (!message_ || message_->is_untouched()) {
    DropMessage();
    return Finish(std::move(status));
  }
  is_finished_ = true;
  EndLasting();
  StopTimer();
  Reset();
}

void H2ServerStream::Reset() {
  nghttp2_submit_rst_stream(session_->handle(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_CANCEL);
  session_->owner().OnOutput();
}

void H2ServerStream::GiveUpMessage() {
  const auto status = std::exchange(last_status_, nullptr);
  if (!message_->is_untouched()) return Reset();
  DropMessage();
  SubmitTrailers(h2(), *status);
  session_->owner().OnOutput();
}

void H2ServerStream::Break(CallStatus status) {
  if (!session_ || is_finished_) return;
  Finish(std::move(status));
  handler_->OnCallerLeft();
}

void H2ServerStream::BreakAtDeadline(CallStatus status) {
  if (!session_ || is_finished_) return;
  Abort(std::move(status));
  handler_->OnCallerLeft();
}

void H2ServerStream::SetTimer(SteadyTime when) {
  if (!session_ || is_finished_) return;
  StopTimer();
  timer_at_ = when;
  if (when != SteadyTime::max()) call_.loop().stream_timers().Add(*this, when);
}

void H2ServerStream::StopTimer() {
  const SteadyTime when = std::exchange(timer_at_, SteadyTime::max());
  if (when != SteadyTime::max()) call_.loop().stream_timers().Remove(*this, when);
}

void H2ServerStream::OnTimer() {
  timer_at_ = SteadyTime::max();
  call_.loop().Refresh();
  if (is_finished_) return GiveUpMessage();
  handler_->OnTimer();
}

void H2ServerStream::OutliveConnectionAge() {
  if (session_ == nullptr || is_finished_ || std::exchange(is_lasting_, true)) return;
  session_->AddLasting();
}

void H2ServerStream::EndLasting() {
  if (std::exchange(is_lasting_, false)) session_->RemoveLasting();
}

std::shared_ptr<StreamWaker> H2ServerStream::waker() {
  if (!waker_) waker_ = std::make_shared<H2StreamWaker>(call_.loop().mailbox(), *this, session_);
  return waker_;
}

void H2ServerStream::TellWritable() {
  if (is_finished_ || !std::exchange(wants_writable_, false)) return;
  const std::uint64_t turn = turn_;
  handler_->OnWritable();
  // It had no room this time either: it does not queue up behind the others anew.
  if (wants_writable_ && !message_) turn_ = turn;
}

void H2ServerStream::OnWake() {
  if (session_ && !is_finished_) handler_->OnWake();
}

void H2ServerStream::PrefetchHandler() const {
  // What a stream of WatchAccountSnapshots uses for a change.
  constexpr std::size_t kHandlerBytes = 448;
  Prefetch(handler_.get(), kHandlerBytes);
  // The session asks the call for the stream.
  Prefetch(&call_, 1);
}

ssize_t H2ServerStream::Read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                             std::uint32_t* flags, nghttp2_data_source* source, void*) {
  H2ServerStream& stream = *static_cast<H2Call*>(source->ptr)->stream();
  // The end comes with trailers of its own: nghttp2 would not ask here while the window is closed.
  if (!stream.message_) {
    stream.is_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<ssize_t>(stream.message_->Announce(room));
}

void H2ServerStream::Gather(OutBuffer& out, std::size_t size) {
  // The window is about to be smaller by as much. What nghttp2 has announced leaves also through a
  // window that the peer has closed meanwhile.
  SetQueued(message_->queued() - std::min(message_->queued(), size));
  message_->Gather(out, size);
  if (message_->left() > 0) return;
  DropMessage();
  if (last_status_) {
    StopTimer();
    SubmitTrailers(h2(), *std::exchange(last_status_, nullptr));
  } else if (wants_writable_) {
    session_->QueueWritable(call_);
  }
}

void H2ServerStream::LeaveSession() {
  DropMessage();
  EndLasting();
  StopTimer();
  session_ = nullptr;
}

void H2ServerStream::OnClosed() {
  if (!std::exchange(is_finished_, true)) handler_->OnCallerLeft();
  if (waker_) waker_->Detach();
}

}  // namespace balance
