#include "service/transport/h2_session.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <string_view>
#include <utility>

namespace balance {
namespace {

H2Session& SessionOf(void* self) { return *static_cast<H2Session*>(self); }

std::string_view TextOf(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// SETTINGS of one frame; gRPC's own clients send six.
constexpr std::size_t kMostSettings = 32;
// Between two looks at how many frames wait to be sent: each byte of a header block can make one.
constexpr std::size_t kReceivedAtOnce = std::size_t{4} * 1024;

void Insert(H2Call& call, H2Call*& list) {
  call.next_call = list;
  call.to_this_call = &list;
  if (list) list->to_this_call = &call.next_call;
  list = &call;
}

void Remove(H2Call& call) {
  *call.to_this_call = call.next_call;
  if (call.next_call) call.next_call->to_this_call = call.to_this_call;
}

}  // namespace

H2Options::H2Options(const TransportLimits& limits) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
  callbacks_.reset(callbacks);
  if (nghttp2_option_new(&options) != 0) throw std::bad_alloc();
  options_.reset(options);

  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, H2Session::OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, H2Session::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, H2Session::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, H2Session::OnFrame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, H2Session::OnFrameSent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, H2Session::OnStreamClosed);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, H2Session::OnSendData);

  // Windows are given as requests are dealt with, and closed streams are not kept for priorities.
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_option_set_stream_reset_rate_limit(options, limits.reset_burst, limits.resets_per_second);
  nghttp2_option_set_max_continuations(options, limits.continuations);
  nghttp2_option_set_max_outbound_ack(options, limits.unsent_acks);
  nghttp2_option_set_max_settings(options, kMostSettings);
}

H2Session::H2Session(TransportLoop& loop, H2SessionOwner& owner)
    : loop_(loop), owner_(owner), request_room_(loop.limits()) {}

void H2Session::Begin() {
  nghttp2_session* session = nullptr;
  const H2Options& options = loop_.h2_options();
  if (nghttp2_session_server_new2(&session, options.callbacks(), this, options.options()) != 0) {
    throw std::bad_alloc();
  }
  session_.reset(session);
  const TransportLimits& limits = loop_.limits();
  const std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                             static_cast<std::uint32_t>(limits.header_list_bytes)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, request_room_.first_window()},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
}

H2Session::~H2Session() {
  CancelCalls();
  while (abandoned_) RemoveAbandoned(*abandoned_);
  assert(queued_bytes_ == 0);
}

void H2Session::CancelCalls() {
  while (calls_) calls_->OnClosed(false);
}

// --- In -----------------------------------------------------------------------------------------

H2Session::Health H2Session::Receive(Bytes bytes) {
  SayHello();
  Health health = Health::kGood;
  filter_.Pass(bytes, [&](Bytes run) {
    while (!run.empty() && health == Health::kGood) {
      const Bytes some = run.first(std::min(run.size(), kReceivedAtOnce));
      run = run.subspan(some.size());
      health = HealthOf(nghttp2_session_mem_recv(session_.get(), some.data(), some.size()));
      if (health == Health::kGood && unsent_frames() > loop_.limits().unsent_frames) {
        health = Health::kAbuse;
      }
    }
    return health == Health::kGood;
  });
  if (health != Health::kGood) return health;
  if (awaited_ > 0) {
    for (H2Call* call = calls_; call; call = call->next_call) call->OnReadEnd();
  }
  return Health::kGood;
}

H2Session::Health H2Session::HealthOf(long result) const {
  switch (result) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return Health::kNotHttp2;
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_SETTINGS:
      return Health::kAbuse;
    default:
      break;
  }
  if (result < 0) return Health::kProtocolError;
  if (nghttp2_session_want_read(session_.get()) != 0 ||
      nghttp2_session_want_write(session_.get()) != 0) {
    return Health::kGood;
  }
  switch (goaway_error_) {
    case NGHTTP2_NO_ERROR:
      return Health::kOver;
    // What nghttp2 says to a peer that resets too many streams.
    case NGHTTP2_INTERNAL_ERROR:
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return Health::kAbuse;
    default:
      return Health::kProtocolError;
  }
}

int H2Session::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  H2Session& session = SessionOf(self);
  session.owner_.OnCall();
  session.loop_.TakeCall().Begin(session, frame->hd.stream_id);
  return 0;
}

int H2Session::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                        std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                        std::uint8_t, void* self) {
  // Trailers of a request say nothing.
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  H2Call* const call = SessionOf(self).CallOf(frame->hd.stream_id);
  if (!call) return 0;
  const bool is_taken = call->OnHeader(TextOf(name, name_size), TextOf(value, value_size));
  // nghttp2 resets the stream, and decodes the rest of the block without looking at it: a byte of
  // it may stand for kilobytes.
  return is_taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int H2Session::OnData(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                      std::size_t size, void* self) {
  H2Session& session = SessionOf(self);
  session.owed_window_ += size;
  H2Call* const call = session.CallOf(id);
  if (call) call->OnData({bytes, size});
  session.GiveWindow();
  return 0;
}

int H2Session::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  SessionOf(self).TakeFrame(*frame);
  return 0;
}

void H2Session::TakeFrame(const nghttp2_frame& frame) {
  has_heard_ = true;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      owner_.OnTraffic();
      H2Call* call = CallOf(frame.hd.stream_id);
      if (!call) return;
      if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
        call->OnHeadersEnd();
        call = CallOf(frame.hd.stream_id);
      }
      if (call && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call->OnRequestEnd();
      return;
    }
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        owner_.OnPong();
      } else {
        owner_.OnPing();
      }
      return;
    case NGHTTP2_WINDOW_UPDATE:
      if (frame.hd.stream_id == 0) return ExpectWritable();
      if (H2Call* const call = CallOf(frame.hd.stream_id)) call->OnWindow();
      return;
    case NGHTTP2_SETTINGS:
      return ExpectWritable();
    default:
      return;
  }
}

int H2Session::OnStreamClosed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) {
  H2Call* const call = SessionOf(self).CallOf(id);
  if (call) call->OnClosed(error == NGHTTP2_NO_ERROR);
  return 0;
}

// --- Out ----------------------------------------------------------------------------------------

H2Session::Health H2Session::Gather(OutBuffer& out) {
  if (!session_) return Health::kGood;
  out_ = &out;
  is_full_ = false;
  ssize_t size = 0;
  while (!out.IsFull() && !is_full_) {
    const std::uint8_t* frame = nullptr;
    size = nghttp2_session_mem_send(session_.get(), &frame);
    if (size < 0) break;
    // Nothing more, or a frame of data that does not fit any more.
    if (size == 0) break;
    out.Append({frame, static_cast<std::size_t>(size)});
  }
  out_ = nullptr;
  return HealthOf(size < 0 ? size : 0);
}

int H2Session::OnSendData(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                          std::size_t size, nghttp2_data_source* source, void* self) {
  constexpr std::size_t kFrameHead = 9;
  H2Session& session = SessionOf(self);
  if (!session.out_->empty() && !session.out_->Fits(kFrameHead + size)) {
    session.is_full_ = true;
    return NGHTTP2_ERR_WOULDBLOCK;
  }
  session.owner_.OnTraffic();
  session.out_->Append({head, kFrameHead});
  static_cast<H2Call*>(source->ptr)->Gather(*session.out_, size);
  return 0;
}

int H2Session::OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  H2Session& session = SessionOf(self);
  switch (frame->hd.type) {
    case NGHTTP2_GOAWAY:
      session.goaway_error_ = frame->goaway.error_code;
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) break;
      if (H2Call* const call = session.CallOf(frame->hd.stream_id)) call->OnAnswerSent();
      break;
    default:
      break;
  }
  return 0;
}

bool H2Session::TellWritable() {
  if (std::exchange(expects_room_, false)) ExpectWritable();
  if (writable_.empty()) return false;
  // Handlers that write may put others, or themselves, in the list anew.
  std::vector<H2Call*> now = std::exchange(writable_, {});
  std::sort(now.begin(), now.end(), [](H2Call* one, H2Call* other) {
    return one->stream()->turn() < other->stream()->turn();
  });
  for (H2Call* const call : now) call->is_queued_writable = false;
  for (H2Call* const call : now) call->TellWritable();
  return true;
}

void H2Session::ExpectWritable() {
  for (H2Call* call = calls_; call; call = call->next_call) call->OnWindow();
}

void H2Session::QueueWritable(H2Call& call) {
  assert(call.stream());
  if (std::exchange(call.is_queued_writable, true)) return;
  writable_.push_back(&call);
}

void H2Session::UnqueueWritable(H2Call& call) {
  if (std::exchange(call.is_queued_writable, false)) std::erase(writable_, &call);
}

void H2Session::WakeStreams() {
  for (H2Call* call = calls_; call; call = call->next_call) {
    if (H2ServerStream* const stream = call->stream()) stream->OnWake();
  }
}

void H2Session::RemoveLasting() {
  --lasting_;
  lasting_ended_ = loop_.now();
}

bool H2Session::HasLastingStreams() const {
  // For the status to leave.
  constexpr Duration kFarewell = std::chrono::seconds(2);
  return lasting_ > 0 ||
         (lasting_ended_ != SteadyTime::min() && loop_.now() < lasting_ended_ + kFarewell);
}

void H2Session::SendDrainNotice() { nghttp2_submit_shutdown_notice(session_.get()); }

void H2Session::SendFinalGoaway() {
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void H2Session::SendGoawayForTooManyPings() {
  // What gRPC's clients look for, to ping less often from then on.
  constexpr std::string_view kWords = "too_many_pings";
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()),
                        NGHTTP2_ENHANCE_YOUR_CALM,
                        reinterpret_cast<const std::uint8_t*>(kWords.data()), kWords.size());
}

void H2Session::SendPing() { nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr); }

// --- Room ---------------------------------------------------------------------------------------

void H2Session::Link(H2Call& call) {
  Insert(call, calls_);
  ++open_calls_;
  ++total_calls_;
  loop_.mutable_counters().calls_open.Add();
}

void H2Session::Unlink(H2Call& call) {
  Remove(call);
  --open_calls_;
  loop_.mutable_counters().calls_open.Subtract();
}

void H2Session::AddAbandoned(H2Call& call) {
  Insert(call, abandoned_);
  call.abandoned_in = this;
  ++abandoned_calls_;
}

void H2Session::RemoveAbandoned(H2Call& call) {
  Remove(call);
  call.abandoned_in = nullptr;
  --abandoned_calls_;
}

bool H2Session::HasTooManyAbandoned() const {
  constexpr std::size_t kShare = 16;
  const std::size_t limit = loop_.limits().abandoned_calls;
  if (abandoned_calls_ <= limit / kShare) return false;
  return abandoned_calls_ > limit || loop_.HasTooManyAbandoned();
}

void H2Session::AddUnfinished(std::size_t bytes) {
  unfinished_bytes_ += bytes;
  loop_.mutable_counters().buffered_bytes.Add(bytes);
}

void H2Session::RemoveUnfinished(std::size_t bytes) {
  if (bytes == 0) return;
  unfinished_bytes_ -= bytes;
  loop_.mutable_counters().buffered_bytes.Subtract(bytes);
  GiveWindow();
}

void H2Session::GiveWindow() {
  if (owed_window_ == 0 || unfinished_bytes_ > request_room_.most_bytes()) return;
  nghttp2_session_consume_connection(session_.get(), std::exchange(owed_window_, 0));
}

void H2Session::AskRoom(std::int32_t stream, std::size_t bytes) {
  request_room_.Ask(stream, bytes);
  GrantRoom();
}

void H2Session::GiveBackRoom(std::int32_t stream) {
  request_room_.GiveBack(stream);
  GrantRoom();
}

void H2Session::RenewWindow(std::int32_t stream, std::size_t bytes) {
  // What it was granted is used up now, and not renewed.
  const std::size_t granted = request_room_.GiveBack(stream);
  // At once: what nghttp2 still owed, it would forget when the next message is granted room.
  nghttp2_submit_window_update(session_.get(), NGHTTP2_FLAG_NONE, stream,
                               static_cast<std::int32_t>(bytes - std::min(granted, bytes)));
  GrantRoom();
}

void H2Session::GrantRoom() {
  while (const auto grant = request_room_.TakeTurn()) {
    nghttp2_submit_window_update(session_.get(), NGHTTP2_FLAG_NONE, grant->stream,
                                 static_cast<std::int32_t>(grant->bytes));
  }
}

void H2Session::AddUntaken(std::size_t bytes) {
  untaken_bytes_ += bytes;
  loop_.mutable_counters().buffered_bytes.Add(bytes);
}

void H2Session::RemoveUntaken(std::size_t bytes) {
  untaken_bytes_ -= bytes;
  loop_.mutable_counters().buffered_bytes.Subtract(bytes);
}

bool H2Session::IsOverloaded() const {
  if (untaken_bytes_ == 0) return false;
  return untaken_bytes_ > loop_.limits().untaken_answer_bytes || loop_.IsOutOfMemory();
}

bool H2Session::HasRoom(std::size_t bytes) const {
  // A connection's window begins with 65535, whatever SETTINGS say.
  constexpr std::size_t kHalfWindow = 65535 / 2;
  if (is_blocked_) return false;
  const auto open = nghttp2_session_get_remote_window_size(session_.get());
  return open > 0 && static_cast<std::size_t>(open) >= queued_bytes_ + std::min(bytes, kHalfWindow);
}

}  // namespace balance
