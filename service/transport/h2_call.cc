#include "service/transport/h2_call.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "service/transport/h2_session.h"
#include "service/transport/transport_loop.h"

namespace balance {
namespace {

constexpr std::string_view kContentType = "application/grpc";
// Memory of a request that is kept for the next one.
constexpr std::size_t kKeptRequestBytes = 1024;

// A header that nghttp2 need not copy: both texts live until it was sent, as literals do.
nghttp2_nv LiteralHeader(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// One whose value nghttp2 copies.
nghttp2_nv Header(std::string_view name, std::string_view value) {
  nghttp2_nv header = LiteralHeader(name, value);
  header.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  return header;
}

// The parts of a status as headers, and the texts that they point into.
class StatusHeaders {
 public:
  explicit StatusHeaders(const CallStatus& status)
      : code_(std::to_string(static_cast<int>(status.code))),
        message_(PercentEncode(status.message)),
        details_(EncodeBinaryMetadata(status.details)) {}

  template <typename Container>
  void AppendTo(Container& headers, StatusCode code) const {
    headers.push_back(Header("grpc-status", code_));
    if (!message_.empty()) headers.push_back(Header("grpc-message", message_));
    if (!details_.empty()) headers.push_back(Header("grpc-status-details-bin", details_));
    if (code == StatusCode::kUnavailable) {
      headers.push_back(LiteralHeader("grpc-retry-pushback-ms", "-1"));
    }
    if (code == StatusCode::kUnimplemented) {
      headers.push_back(LiteralHeader("grpc-accept-encoding", "identity"));
    }
  }

 private:
  const std::string code_;
  const std::string message_;
  const std::string details_;
};

CallStatus Failed(StatusCode code, std::string message) { return {code, std::move(message), {}}; }

SharedBytes BytesOf(std::string_view text) {
  return {text.size(), [text](unsigned char* to) { std::copy(text.begin(), text.end(), to); }};
}

// The window that a request with a message of `size` bytes needs; one byte of another message,
// which is one too many, would be seen.
std::size_t WindowFor(std::size_t size) { return size + 2 * kMessagePrefixSize; }

std::span<const unsigned char> From(std::span<const unsigned char> bytes, std::size_t offset) {
  return offset < bytes.size() ? bytes.subspan(offset) : std::span<const unsigned char>();
}

// Appends what of `part` lies within the next `size` bytes, and moves on behind it: `offset` counts
// from the beginning of `part` and may lie behind its end.
void AppendPart(OutBuffer& out, std::span<const unsigned char> part, std::size_t& offset,
                std::size_t& size) {
  const auto rest = From(part, offset);
  const auto now = rest.first(std::min(rest.size(), size));
  out.Append(now);
  size -= now.size();
  offset = offset + now.size() < part.size() ? 0 : offset + now.size() - part.size();
}

}  // namespace

H2Call::~H2Call() = default;

const PeerIdentity& H2Call::identity() const {
  static const PeerIdentity kNobody;
  return session_ ? session_->owner().identity() : kNobody;
}

std::string H2Call::peer() const { return session_ ? session_->owner().peer() : std::string(); }

std::string_view H2Call::request() const {
  return std::string_view(body_).substr(std::min(body_.size(), kMessagePrefixSize));
}

// --- What comes ---------------------------------------------------------------------------------

void H2Call::Begin(H2Session& session, std::int32_t id) {
  session_ = &session;
  id_ = id;
  is_closed_ = false;
  nghttp2_session_set_stream_user_data(session.handle(), id, this);
  session.Link(*this);
}

void H2Call::OnHeader(std::string_view name, std::string_view value) {
  constexpr std::size_t kOverhead = 32;
  header_bytes_ += name.size() + value.size() + kOverhead;
  if (header_bytes_ > loop_.limits().header_list_bytes) return;
  if (name.front() == ':') {
    if (name == ":path") {
      method_ = loop_.methods().Find(value);
    } else if (name == ":method") {
      is_post_ = value == "POST";
    }
    return;
  }
  TakeGrpcHeader(name, value);
}

void H2Call::TakeGrpcHeader(std::string_view name, std::string_view value) {
  if (name == "content-type") {
    is_grpc_ = IsGrpcContentType(value);
  } else if (name == "grpc-timeout") {
    const auto timeout = ParseGrpcTimeout(value);
    if (timeout) {
      deadline_ = loop_.now() + *timeout;
    } else {
      has_bad_timeout_ = true;
    }
  } else if (name == "grpc-encoding") {
    is_compressed_ = value != "identity";
  } else if (name != "te" && name != "user-agent" && name != "grpc-accept-encoding") {
    metadata_.Add(name, value);
  }
}

std::optional<CallStatus> H2Call::Objection() const {
  const TransportLimits& limits = loop_.limits();
  if (!method_) {
    return Failed(StatusCode::kUnimplemented,
                  "the server has no such method; check the service's name and its .proto");
  }
  if (has_bad_timeout_) {
    return Failed(StatusCode::kInvalidArgument,
                  "grpc-timeout is malformed: one to eight digits and a unit (n, u, m, S, M, H)");
  }
  if (is_compressed_) {
    return Failed(StatusCode::kUnimplemented,
                  "compressed requests are not understood; send them with identity encoding");
  }
  if (session_->IsOverloaded()) {
    return Failed(StatusCode::kResourceExhausted,
                  "answers to earlier calls have not been taken and fill the server's buffers; "
                  "read them, then try again; at most " +
                      std::to_string(limits.untaken_answer_bytes) + " bytes of a connection wait");
  }
  return std::nullopt;
}

void H2Call::OnHeadersEnd() {
  const TransportLimits& limits = loop_.limits();
  if (header_bytes_ > limits.header_list_bytes) {
    return Refuse(Failed(
        StatusCode::kResourceExhausted,
        "the metadata is larger than " + std::to_string(limits.header_list_bytes) + " bytes"));
  }
  if (!is_post_) return RefuseHttp("405", "This is a gRPC server: calls are made by POST.\n");
  if (!is_grpc_) {
    return RefuseHttp("415", "This is a gRPC server: the content-type must be application/grpc.\n");
  }
  if (const auto objection = Objection()) return Refuse(*objection);
  if (method_->kind == MethodKind::kBidiStreaming) Handle();
}

void H2Call::OnData(std::span<const unsigned char> bytes) {
  if (is_answered_ || is_closed_) return;
  body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  unfinished_bytes_ += bytes.size();
  session_->AddUnfinished(bytes.size());
  if (body_.size() < kMessagePrefixSize) return;
  if (method_->kind == MethodKind::kBidiStreaming) return TakeMessages();
  const std::size_t limit = loop_.limits().request_bytes;
  const std::size_t size = ParseMessagePrefix(body_).size;
  if (size > limit) {
    return Refuse(
        Failed(StatusCode::kResourceExhausted,
               "the request is larger than " + std::to_string(limit) + " bytes; ask for less"));
  }
  // Its window ends behind the message, so the rest of another might never come.
  if (body_.size() > size + kMessagePrefixSize) return Refuse(*ObjectionToRequest());
  session_->AskRoom(id_, WindowFor(size));
}

void H2Call::OnRequestEnd() {
  request_has_ended_ = true;
  if (is_answered_ || is_closed_) return;
  if (method_->kind == MethodKind::kBidiStreaming) {
    if (!body_.empty()) {
      return BreakStream(Failed(StatusCode::kInternal, "the request ends inside a message"));
    }
    if (!stream_->is_finished) stream_->handler->OnMessagesEnd();
    return;
  }
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  if (const auto objection = ObjectionToRequest()) return Refuse(*objection);
  Handle();
}

std::optional<CallStatus> H2Call::ObjectionToRequest() const {
  if (body_.empty()) {
    return Failed(StatusCode::kUnimplemented, "the call has no request message; send one");
  }
  if (body_.size() < kMessagePrefixSize) {
    return Failed(StatusCode::kInternal, "the request ends inside the prefix of a message");
  }
  const ParsedPrefix prefix = ParseMessagePrefix(body_);
  if (prefix.is_compressed) {
    return Failed(StatusCode::kInternal,
                  "the request is marked as compressed, but names no grpc-encoding");
  }
  const std::size_t size = body_.size() - kMessagePrefixSize;
  if (size < prefix.size) {
    return Failed(StatusCode::kInternal, "the request ends inside a message");
  }
  if (size > prefix.size) {
    return Failed(StatusCode::kUnimplemented, "the method takes one request message, not several");
  }
  return std::nullopt;
}

void H2Call::TakeMessages() {
  std::size_t at = 0;
  // What the message that is not complete needs.
  std::size_t whole = 0;
  while (!is_closed_ && !stream_->is_finished && body_.size() - at >= kMessagePrefixSize) {
    const std::string_view rest = std::string_view(body_).substr(at);
    const ParsedPrefix prefix = ParseMessagePrefix(rest);
    if (prefix.is_compressed) {
      return BreakStream(
          Failed(StatusCode::kInternal,
                 "a message is marked as compressed, but the call names no grpc-encoding"));
    }
    if (prefix.size > loop_.limits().request_bytes) {
      return BreakStream(
          Failed(StatusCode::kResourceExhausted, "a message is larger than the server takes"));
    }
    if (rest.size() - kMessagePrefixSize < prefix.size) {
      whole = WindowFor(prefix.size);
      break;
    }
    stream_->handler->OnMessage(rest.substr(kMessagePrefixSize, prefix.size));
    at += kMessagePrefixSize + prefix.size;
  }
  body_.erase(0, at);
  const std::size_t taken = std::min(at, unfinished_bytes_);
  unfinished_bytes_ -= taken;
  session_->RemoveUnfinished(taken);
  if (at > 0) session_->RenewWindow(id_, at);
  session_->AskRoom(id_, whole);
}

// --- The handler --------------------------------------------------------------------------------

void H2Call::Handle() {
  has_handler_ = true;
  is_in_handler_ = true;
  loop_.NoteHandled();
  method_->handle(*this);
  is_in_handler_ = false;
  if (!is_finished_) WatchDeadline();
}

void H2Call::WatchDeadline() {
  if (!deadline_) return;
  deadline_alarm_.emplace(loop_.io().get_executor(), loop_.clock());
  deadline_alarm_->Set(*deadline_, [this] { OnDeadline(); });
}

void H2Call::OnDeadline() {
  if (is_closed_ || is_finished_) return;
  loop_.mutable_counters().calls_cancelled.Add();
  CallStatus late = Failed(StatusCode::kDeadlineExceeded, "the call's deadline has ended");
  if (stream_) return BreakStream(std::move(late));
  SubmitStatusOnly(late);
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
  response_ = std::move(response);
  status_ = std::move(status);
  if (!loop_.IsCurrent()) return loop_.mailbox()->Push(this);
  OnFinished();
}

void H2Call::OnFinished() {
  assert(!is_finished_);
  is_finished_ = true;
  loop_.NoteFinished();
  deadline_alarm_.reset();
  if (is_closed_) return ReleaseIfOver();
  // The deadline may have been faster.
  if (is_answered_) return;
  SubmitAnswer();
  session_->owner().OnOutput();
}

// --- The answer ---------------------------------------------------------------------------------

void H2Call::Refuse(const CallStatus& status) {
  loop_.mutable_counters().calls_refused.Add();
  DropRequest();
  SubmitStatusOnly(status);
}

void H2Call::RefuseHttp(std::string_view http_status, std::string_view words) {
  loop_.mutable_counters().calls_refused.Add();
  DropRequest();
  is_answered_ = true;
  has_prefix_ = false;
  response_ = Response(BytesOf(words));
  const std::array headers = {LiteralHeader(":status", http_status),
                              LiteralHeader("content-type", "text/plain; charset=utf-8"),
                              LiteralHeader("allow", "POST")};
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadAnswer;
  nghttp2_submit_response(session_->handle(), id_, headers.data(), headers.size(), &provider);
}

void H2Call::SubmitAnswer() {
  if (!status_.ok()) return SubmitStatusOnly(status_);
  is_answered_ = true;
  prefix_ = MessagePrefix(response_.size());
  untaken_bytes_ = response_.size();
  session_->AddUntaken(untaken_bytes_);
  static const std::array kHeaders = {LiteralHeader(":status", "200"),
                                      LiteralHeader("content-type", kContentType)};
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadAnswer;
  nghttp2_submit_response(session_->handle(), id_, kHeaders.data(), kHeaders.size(), &provider);
}

void H2Call::SubmitStatusOnly(const CallStatus& status) {
  is_answered_ = true;
  const StatusHeaders texts(status);
  std::vector<nghttp2_nv> headers = {LiteralHeader(":status", "200"),
                                     LiteralHeader("content-type", kContentType)};
  texts.AppendTo(headers, status.code);
  nghttp2_submit_response(session_->handle(), id_, headers.data(), headers.size(), nullptr);
}

void H2Call::SubmitTrailers(const CallStatus& status) {
  if (status.ok()) {
    static const std::array kTrailers = {LiteralHeader("grpc-status", "0")};
    nghttp2_submit_trailer(session_->handle(), id_, kTrailers.data(), kTrailers.size());
  } else {
    const StatusHeaders texts(status);
    std::vector<nghttp2_nv> trailers;
    texts.AppendTo(trailers, status.code);
    nghttp2_submit_trailer(session_->handle(), id_, trailers.data(), trailers.size());
  }
}

void H2Call::OnAnswerSent() {
  if (request_has_ended_) return;
  nghttp2_submit_rst_stream(session_->handle(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_NO_ERROR);
}

void H2Call::DropRequest() {
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  std::string().swap(body_);
}

// The bytes are not copied by nghttp2: Gather() puts them where they are written from.
ssize_t H2Call::ReadAnswer(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& call = *static_cast<H2Call*>(source->ptr);
  const std::size_t prefix = call.has_prefix_ ? kMessagePrefixSize : 0;
  const std::size_t left = prefix + call.response_.size() - call.sent_;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (left > room) return static_cast<ssize_t>(room);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (call.has_prefix_) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    call.SubmitTrailers(call.status_);
  }
  return static_cast<ssize_t>(left);
}

ssize_t H2Call::ReadStream(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& call = *static_cast<H2Call*>(source->ptr);
  Stream& stream = *call.stream_;
  // The end comes with trailers of its own: nghttp2 would not ask here while the window is closed.
  if (!stream.has_message) {
    stream.is_deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  const std::size_t left = kMessagePrefixSize + stream.message.size() - stream.sent;
  return static_cast<ssize_t>(std::min(left, room));
}

void H2Call::Gather(OutBuffer& out, std::size_t size) {
  if (stream_) {
    Stream& stream = *stream_;
    std::size_t offset = stream.sent;
    stream.sent += size;
    session_->RemoveQueued(size);
    AppendPart(out, stream.prefix, offset, size);
    AppendPart(out, {stream.message.data(), stream.message.size()}, offset, size);
    if (stream.sent < kMessagePrefixSize + stream.message.size()) return;
    stream.has_message = false;
    session_->RemoveUntaken(std::exchange(untaken_bytes_, 0));
    stream.message = {};
    if (stream.is_finished) {
      SubmitTrailers(stream.status);
    } else if (stream.wants_writable) {
      session_->QueueWritable(*this);
    }
    return;
  }
  std::size_t offset = sent_;
  sent_ += size;
  if (has_prefix_) AppendPart(out, prefix_, offset, size);
  AppendPart(out, response_.body(), offset, size);
  AppendPart(out, response_.tail(), offset, size);
}

// --- Streams ------------------------------------------------------------------------------------

ServerStream& H2Call::Open(std::unique_ptr<StreamHandler> handler) {
  stream_ = std::make_unique<Stream>();
  stream_->handler = std::move(handler);
  is_answered_ = method_->kind != MethodKind::kBidiStreaming;
  static const std::array kHeaders = {LiteralHeader(":status", "200"),
                                      LiteralHeader("content-type", kContentType)};
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = ReadStream;
  nghttp2_submit_response(session_->handle(), id_, kHeaders.data(), kHeaders.size(), &provider);
  return *this;
}

bool H2Call::CanWrite(std::size_t size) {
  Stream& stream = *stream_;
  if (is_closed_ || stream.is_finished) return false;
  if (!stream.has_message) {
    nghttp2_session* const session = session_->handle();
    const std::size_t whole = size + kMessagePrefixSize;
    const std::size_t half_window =
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) / 2;
    const auto open = nghttp2_session_get_stream_remote_window_size(session, id_);
    const bool fits = open > 0 && static_cast<std::size_t>(open) >= std::min(whole, half_window);
    if (fits && session_->HasRoom(whole)) return true;
  }
  stream.wants_writable = true;
  return false;
}

void H2Call::Write(SharedBytes message) {
  Stream& stream = *stream_;
  if (is_closed_ || stream.is_finished) return;
  assert(!stream.has_message);
  stream.message = std::move(message);
  stream.prefix = MessagePrefix(stream.message.size());
  stream.sent = 0;
  stream.has_message = true;
  untaken_bytes_ = stream.message.size();
  session_->AddUntaken(untaken_bytes_);
  session_->AddQueued(kMessagePrefixSize + stream.message.size());
  if (std::exchange(stream.is_deferred, false)) {
    nghttp2_session_resume_data(session_->handle(), id_);
  }
  session_->owner().OnOutput();
}

void H2Call::Finish(CallStatus status) { EndStreamByStatus(std::move(status)); }

void H2Call::Abort(CallStatus status) {
  Stream& stream = *stream_;
  const bool is_stuck = stream.has_message && stream.sent > 0;
  if (is_closed_ || !is_stuck) {
    if (stream.has_message && !is_closed_) {
      session_->RemoveQueued(kMessagePrefixSize + stream.message.size());
      session_->RemoveUntaken(std::exchange(untaken_bytes_, 0));
      stream.has_message = false;
      stream.message = {};
    }
    return EndStreamByStatus(std::move(status));
  }
  stream.is_finished = true;
  nghttp2_submit_rst_stream(session_->handle(), NGHTTP2_FLAG_NONE, id_, NGHTTP2_CANCEL);
  session_->owner().OnOutput();
}

void H2Call::EndStreamByStatus(CallStatus status) {
  Stream& stream = *stream_;
  if (is_closed_ || std::exchange(stream.is_finished, true)) return;
  stream.status = std::move(status);
  is_answered_ = true;
  DropRequest();
  if (!stream.has_message) SubmitTrailers(stream.status);
  session_->owner().OnOutput();
}

void H2Call::BreakStream(CallStatus status) {
  if (is_closed_ || stream_->is_finished) return;
  EndStreamByStatus(std::move(status));
  stream_->handler->OnCallerLeft();
}

std::shared_ptr<StreamWaker> H2Call::waker() {
  if (!stream_->waker) stream_->waker = std::make_shared<H2StreamWaker>(loop_.mailbox(), *this);
  return stream_->waker;
}

void H2Call::OnWindow() {
  if (stream_ && stream_->wants_writable) session_->QueueWritable(*this);
}

void H2Call::TellWritable() {
  if (!stream_ || stream_->is_finished || !std::exchange(stream_->wants_writable, false)) return;
  stream_->handler->OnWritable();
}

void H2Call::OnWake() {
  if (!is_closed_ && stream_ && !stream_->is_finished) stream_->handler->OnWake();
}

void H2StreamWaker::Wake() {
  if (!is_pending_.exchange(true)) mailbox_->Push(shared_from_this());
}

void H2StreamWaker::Deliver() {
  is_pending_ = false;
  if (call_) call_->OnWake();
}

// --- The end ------------------------------------------------------------------------------------

void H2Call::OnClosed(bool was_complete) {
  is_closed_ = true;
  deadline_alarm_.reset();
  session_->RemoveUnfinished(std::exchange(unfinished_bytes_, 0));
  session_->GiveBackRoom(id_);
  session_->RemoveUntaken(std::exchange(untaken_bytes_, 0));
  session_->UnqueueWritable(*this);
  session_->Unlink(*this);
  if (stream_ && stream_->has_message) {
    session_->RemoveQueued(kMessagePrefixSize + stream_->message.size() - stream_->sent);
  }
  session_ = nullptr;
  if (!was_complete) loop_.mutable_counters().calls_cancelled.Add();
  if (stream_) {
    if (!std::exchange(stream_->is_finished, true)) stream_->handler->OnCallerLeft();
    if (stream_->waker) stream_->waker->Detach();
    is_finished_ = true;
    loop_.NoteFinished();
  } else {
    TellCallerLeft();
  }
  ReleaseIfOver();
}

void H2Call::ReleaseIfOver() {
  if (!is_closed_ || is_in_handler_ || (has_handler_ && !is_finished_)) return;
  Reset();
  loop_.GiveCall(*this);
}

void H2Call::Reset() {
  session_ = nullptr;
  method_ = nullptr;
  is_post_ = is_grpc_ = is_compressed_ = has_bad_timeout_ = false;
  has_handler_ = is_in_handler_ = is_finished_ = is_answered_ = request_has_ended_ = false;
  caller_has_left_ = false;
  has_prefix_ = true;
  header_bytes_ = unfinished_bytes_ = untaken_bytes_ = sent_ = 0;
  deadline_.reset();
  deadline_alarm_.reset();
  metadata_.Clear();
  body_.clear();
  if (body_.capacity() > kKeptRequestBytes) body_.shrink_to_fit();
  work_.reset();
  response_ = {};
  status_ = {};
  stream_.reset();
}

}  // namespace balance
