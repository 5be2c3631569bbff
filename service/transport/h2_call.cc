#include "service/transport/h2_call.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "service/transport/h2_session.h"
#include "service/transport/transport_loop.h"

namespace balance {
namespace {

CallStatus Failed(StatusCode code, std::string message) { return {code, std::move(message), {}}; }

}  // namespace

H2Call::~H2Call() = default;

const PeerIdentity& H2Call::identity() const {
  static const PeerIdentity kNobody;
  return session_ ? session_->owner().identity() : kNobody;
}

std::string H2Call::peer() const { return session_ ? session_->owner().peer() : std::string(); }

H2StreamId H2Call::h2() const { return {session_->handle(), id_}; }

// --- The request --------------------------------------------------------------------------------

void H2Call::Begin(H2Session& session, std::int32_t id) {
  session_ = &session;
  id_ = id;
  is_closed_ = false;
  nghttp2_session_set_stream_user_data(session.handle(), id, this);
  session.Link(*this);
}

std::optional<CallStatus> H2Call::Objection() const {
  if (auto objection = request_.ObjectionToHeaders()) return objection;
  if (session_->IsOverloaded() || session_->HasTooManyAbandoned()) return loop_.limits().overloaded;
  return std::nullopt;
}

void H2Call::OnHeadersEnd() {
  if (request_.has_too_large_headers()) {
    return Refuse(Failed(StatusCode::kResourceExhausted,
                         "the metadata is larger than " +
                             std::to_string(loop_.limits().header_list_bytes) + " bytes"));
  }
  if (!request_.is_post()) {
    return RefuseHttp("405", "This is a gRPC server: calls are made by POST.\n");
  }
  if (!request_.is_grpc()) {
    return RefuseHttp("415", "This is a gRPC server: the content-type must be application/grpc.\n");
  }
  if (const auto objection = Objection()) return Refuse(*objection);
  if (is_bidi()) {
    Handle();
  } else {
    AwaitEnd();
  }
}

void H2Call::AwaitEnd() {
  is_awaiting_end_ = true;
  session_->AddAwaited();
}

void H2Call::StopAwaitingEnd() {
  if (std::exchange(is_awaiting_end_, false)) session_->RemoveAwaited();
}

void H2Call::OnData(std::span<const unsigned char> bytes) {
  if (is_answered_ || is_closed_) return;
  request_.Append(bytes);
  unfinished_bytes_ += bytes.size();
  session_->AddUnfinished(bytes.size());
  if (is_bidi()) return TakeMessages();
  if (const auto objection = request_.ObjectionToSize()) return Refuse(*objection);
  session_->AskRoom(id_, request_.NeededWindow());
}

void H2Call::OnRequestEnd() {
  request_has_ended_ = true;
  if (is_answered_ || is_closed_) return;
  if (is_bidi()) {
    if (request_.has_body()) {
      return stream_->Break(Failed(StatusCode::kInternal, "the request ends inside a message"));
    }
    if (!stream_->is_finished()) stream_->handler().OnMessagesEnd();
    return;
  }
  StopAwaitingEnd();
  deadline_alarm_.reset();
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  if (const auto objection = request_.ObjectionToMessage()) return Refuse(*objection);
  Handle();
}

void H2Call::TakeMessages() {
  while (!is_closed_ && !stream_->is_finished()) {
    H2Request::Next next = request_.TakeMessage();
    if (auto* const objection = std::get_if<CallStatus>(&next)) {
      return stream_->Break(std::move(*objection));
    }
    const auto& message = std::get<std::optional<std::string_view>>(next);
    if (!message) break;
    stream_->handler().OnMessage(*message);
  }
  const std::size_t dropped = request_.DropTaken();
  const std::size_t taken = std::min(dropped, unfinished_bytes_);
  unfinished_bytes_ -= taken;
  session_->RemoveUnfinished(taken);
  if (dropped > 0) session_->RenewWindow(id_, dropped);
  // The size of what a handler does not want any more was not judged.
  if (!stream_->is_finished()) session_->AskRoom(id_, request_.NeededWindow());
}

void H2Call::DropRequest() {
  StopAwaitingEnd();
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  request_.DropBody();
}

// --- The handler --------------------------------------------------------------------------------

void H2Call::Handle() {
  has_handler_ = true;
  is_in_handler_ = true;
  loop_.NoteHandled();
  request_.method()->handle(*this);
  is_in_handler_ = false;
  if (!is_bidi()) request_.DropBody();
  if (!is_finished_) WatchDeadline();
}

void H2Call::WatchDeadline() {
  const auto deadline = request_.deadline();
  if (!deadline) return;
  deadline_alarm_.emplace(loop_.io().get_executor(), loop_.clock());
  deadline_alarm_->Set(*deadline, [this] { OnDeadline(); });
}

void H2Call::OnDeadline() {
  if (is_closed_ || is_finished_ || (stream_ ? stream_->is_finished() : is_answered_)) return;
  CountCancelled();
  CallStatus late = Failed(StatusCode::kDeadlineExceeded, "the call's deadline has ended");
  if (stream_) return stream_->BreakAtDeadline(std::move(late));
  if (is_awaiting_end_) DropRequest();
  SubmitStatus(late);
  session_->owner().OnOutput();
  TellCallerLeft();
}

void H2Call::TellCallerLeft() {
  if (!work_ || is_finished_ || std::exchange(caller_has_left_, true)) return;
  // It may finish the call at once.
  is_in_handler_ = true;
  work_->OnCallerLeft();
  is_in_handler_ = false;
}

void H2Call::Keep(std::unique_ptr<CallWork> work) { work_ = std::move(work); }

void H2Call::Finish(Response response, CallStatus status) {
  answer_.Set(std::move(response), std::move(status));
  if (!loop_.IsCurrent()) return loop_.mailbox()->Push({this, nullptr, nullptr});
  OnFinished();
}

void H2Call::OnFinished() {
  assert(!is_finished_);
  is_finished_ = true;
  loop_.NoteFinished();
  deadline_alarm_.reset();
  if (is_closed_) return ReleaseIfOver();
  // The deadline may have been faster.
  if (is_answered_) return answer_.Clear();
  SubmitAnswer();
  session_->owner().OnOutput();
}

// --- The answer of a unary call -----------------------------------------------------------------

void H2Call::Refuse(const CallStatus& status) {
  loop_.mutable_counters().calls_refused.Add();
  DropRequest();
  SubmitStatus(status);
}

void H2Call::RefuseHttp(std::string_view http_status, std::string_view words) {
  loop_.mutable_counters().calls_refused.Add();
  DropRequest();
  is_answered_ = true;
  answer_.SetWords(words);
  SubmitWords(h2(), http_status, Provider());
}

void H2Call::SubmitAnswer() {
  if (!answer_.status().ok()) return SubmitStatus(answer_.status());
  is_answered_ = true;
  answer_.Begin();
  untaken_bytes_ = answer_.message_size();
  session_->AddUntaken(untaken_bytes_);
  SubmitMessages(h2(), Provider());
}

void H2Call::SubmitStatus(const CallStatus& status) {
  is_answered_ = true;
  SubmitStatusOnly(h2(), status);
}

nghttp2_data_provider H2Call::Provider() {
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadAnswer;
  return provider;
}

// The bytes are not copied by nghttp2: Gather() puts them where they are written from.
ssize_t H2Call::ReadAnswer(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& call = *static_cast<H2Call*>(source->ptr);
  bool is_last = false;
  const std::size_t size = call.answer_.Announce(room, is_last);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!is_last) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (call.answer_.is_message()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SubmitTrailers(call.h2(), call.answer_.status());
  }
  return static_cast<ssize_t>(size);
}

void H2Call::Gather(OutBuffer& out, std::size_t size) {
  if (stream_) return stream_->Gather(out, size);
  answer_.Gather(out, size);
}

void H2Call::OnAnswerSent() {
  if (request_has_ended_) return;
  nghttp2_submit_rst_stream(session_->handle(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_NO_ERROR);
}

// --- Streams ------------------------------------------------------------------------------------

ServerStream& H2Call::Open(std::unique_ptr<StreamHandler> handler) {
  is_answered_ = !is_bidi();
  stream_ = std::make_unique<H2ServerStream>(*this, *session_, id_, std::move(handler));
  return *stream_;
}

void H2Call::OnStreamFinished() {
  is_answered_ = true;
  DropRequest();
}

void H2Call::OnWindow() {
  if (!stream_) return;
  stream_->CountQueued();
  if (stream_->wants_writable()) session_->QueueWritable(*this);
}

void H2Call::TellWritable() {
  if (stream_) stream_->TellWritable();
}

// --- The end ------------------------------------------------------------------------------------

void H2Call::OnClosed(bool was_complete) {
  is_closed_ = true;
  deadline_alarm_.reset();
  StopAwaitingEnd();
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  session_->RemoveUntaken(std::exchange(untaken_bytes_, 0));
  if (stream_) stream_->LeaveSession();
  session_->UnqueueWritable(*this);
  session_->Unlink(*this);
  if (has_handler_ && !is_finished_ && !stream_) {
    is_abandoned_ = true;
    session_->AddAbandoned(*this);
    loop_.mutable_counters().calls_abandoned.Add();
  }
  session_ = nullptr;
  if (!was_complete) CountCancelled();
  if (stream_) {
    stream_->OnClosed();
    is_finished_ = true;
    loop_.NoteFinished();
  } else {
    TellCallerLeft();
    request_.DropMetadata();
  }
  ReleaseIfOver();
}

void H2Call::CountCancelled() {
  // A deadline that ends at both sides is met twice.
  if (!std::exchange(is_counted_cancelled_, true)) loop_.mutable_counters().calls_cancelled.Add();
}

void H2Call::ReleaseIfOver() {
  if (!is_closed_ || is_in_handler_ || (has_handler_ && !is_finished_)) return;
  if (abandoned_in) abandoned_in->RemoveAbandoned(*this);
  if (is_abandoned_) loop_.mutable_counters().calls_abandoned.Subtract();
  Reset();
  loop_.GiveCall(*this);
}

void H2Call::Reset() {
  session_ = nullptr;
  has_handler_ = is_in_handler_ = is_finished_ = is_answered_ = request_has_ended_ = false;
  caller_has_left_ = is_abandoned_ = is_counted_cancelled_ = false;
  unfinished_bytes_ = untaken_bytes_ = 0;
  request_.Clear();
  deadline_alarm_.reset();
  work_.reset();
  answer_.Clear();
  stream_.reset();
}

}  // namespace balance
