#include "service/grpc_engine/generic_call.h"

#include <grpc/support/time.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "clients/core/saturating.h"
#include "service/transport/grpc_wire.h"

namespace balance {
namespace {

std::string_view TextOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

std::optional<SteadyTime> DeadlineOf(const grpc::GenericCallbackServerContext& context,
                                     const Clock& clock) {
  // Use raw_deadline(), since deadline() overflows beyond the year 2262.
  const gpr_timespec raw = context.raw_deadline();
  if (gpr_time_cmp(raw, gpr_inf_future(raw.clock_type)) == 0) return std::nullopt;
  const gpr_timespec now = gpr_now(raw.clock_type);
  const Duration left = SaturatingDuration(raw.tv_sec - now.tv_sec, raw.tv_nsec - now.tv_nsec);
  return clock.SteadyNow() + std::min(left, kLongestTimeout);
}

bool IsOfTheProtocol(std::string_view name) {
  return name.starts_with("grpc-") || name == "user-agent" || name == "te" ||
         name == "content-type" || name.starts_with(':');
}

PeerIdentity IdentityOf(const grpc::GenericCallbackServerContext& context) {
  const auto shown = context.auth_context();
  if (!shown || !shown->IsPeerAuthenticated()) return {};
  PeerIdentity identity;
  identity.is_authenticated = true;
  for (const auto& uri : shown->FindPropertyValues("peer_uri")) {
    identity.uris.emplace_back(TextOf(uri));
  }
  for (const auto& name : shown->FindPropertyValues("peer_dns")) {
    identity.dns_names.emplace_back(TextOf(name));
  }
  return identity;
}

// gRPC writes "ipv4:127.0.0.1:4711" and "ipv6:%5B::1%5D:4711".
std::string PeerOf(std::string_view peer) {
  constexpr std::size_t kEscapeSize = 3;
  for (const std::string_view family : {"ipv4:", "ipv6:"}) {
    if (peer.starts_with(family)) peer.remove_prefix(family.size());
  }
  std::string text;
  while (!peer.empty()) {
    const bool opens = peer.starts_with("%5B");
    const bool is_escape = opens || peer.starts_with("%5D");
    text += is_escape ? (opens ? '[' : ']') : peer.front();
    peer.remove_prefix(is_escape ? kEscapeSize : 1);
  }
  return text;
}

// One slice for each part; gRPC counts the users of the shared one through its own pointer to it.
grpc::Slice SliceOf(const SharedBytes& bytes) {
  auto* const kept = new SharedBytes(bytes);
  return {const_cast<unsigned char*>(kept->data()), kept->size(),
          [](void* owner) { delete static_cast<SharedBytes*>(owner); }, kept};
}

grpc::ByteBuffer BufferOf(std::span<const unsigned char> head, const SharedBytes& body,
                          std::span<const unsigned char> tail) {
  std::vector<grpc::Slice> slices;
  if (!head.empty()) slices.emplace_back(head.data(), head.size());
  slices.push_back(SliceOf(body));
  if (!tail.empty()) slices.emplace_back(tail.data(), tail.size());
  return {slices.data(), slices.size()};
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::Status ToGrpc(const CallStatus& status) {
  return {static_cast<grpc::StatusCode>(status.code), status.message, status.details};
}

}  // namespace

class GenericCall::Waker final : public StreamWaker,
                                 public std::enable_shared_from_this<GenericCall::Waker> {
 public:
  Waker(boost::asio::io_context& loop, GenericCall& call) : loop_(loop), call_(&call) {}

  void Wake() override {
    if (is_pending_.exchange(true)) return;
    boost::asio::post(loop_, [self = shared_from_this()] {
      self->is_pending_ = false;
      if (self->call_ && self->call_->tells_handler()) self->call_->handler_->OnWake();
    });
  }
  // Forgets the call, which is gone. Called on the loop.
  void Detach() { call_ = nullptr; }

 private:
  boost::asio::io_context& loop_;
  std::atomic<bool> is_pending_ = false;
  GenericCall* call_;
};

GenericCall::GenericCall(boost::asio::io_context& loop, Clock& clock, GenericCallObserver& observer,
                         grpc::GenericCallbackServerContext& context, const Method* method)
    : loop_(loop),
      clock_(clock),
      observer_(observer),
      context_(context),
      method_(method),
      deadline_(DeadlineOf(context, clock)),
      identity_(IdentityOf(context)),
      peer_(PeerOf(context.peer())) {
  for (const auto& [name, value] : context.client_metadata()) {
    if (!IsOfTheProtocol(TextOf(name))) metadata_.Add(TextOf(name), TextOf(value));
  }
  observer_.OnCallBegun(*this);
  Post([this] {
    if (!method_) {
      return End({StatusCode::kUnimplemented,
                  "the server has no such method; check the service's name and its .proto",
                  {}});
    }
    if (method_->kind == MethodKind::kBidiStreaming) Handle();
    if (!is_ended_) StartRead(&incoming_);
  });
}

GenericCall::~GenericCall() {
  if (waker_) waker_->Detach();
  observer_.OnCallOver();
}

template <typename Work>
void GenericCall::Post(Work work) {
  boost::asio::post(loop_, std::move(work));
}

// --- From gRPC ----------------------------------------------------------------------------------

void GenericCall::OnReadDone(bool ok) {
  Post([this, ok] { TakeRead(ok); });
}

void GenericCall::OnWriteDone(bool) {
  Post([this] { TakeWritten(); });
}

void GenericCall::OnCancel() {
  Post([this] { TakeCallerLeft(); });
}

void GenericCall::OnDone() {
  observer_.OnCallDone(*this);
  Post([this] {
    is_done_ = true;
    DeleteIfOver();
  });
}

void GenericCall::TakeRead(bool ok) {
  if (is_ended_ || final_status_) return;
  if (method_->kind == MethodKind::kBidiStreaming) return TakeMessageOfStream(ok);
  if (ok && has_request_) {
    return End(
        {StatusCode::kUnimplemented, "the method takes one request message, not several", {}});
  }
  if (ok) {
    request_ = BytesOf(incoming_);
    has_request_ = true;
    // Reads on to see whether the caller sends another message.
    return StartRead(&incoming_);
  }
  if (caller_has_left_ || !has_request_) {
    return End({StatusCode::kUnimplemented, "the call has no request message; send one", {}});
  }
  Handle();
}

void GenericCall::TakeMessageOfStream(bool ok) {
  if (!handler_) return;
  if (!ok) return handler_->OnMessagesEnd();
  const std::string message = BytesOf(incoming_);
  handler_->OnMessage(message);
  if (!is_ended_ && !final_status_) StartRead(&incoming_);
}

void GenericCall::TakeCallerLeft() {
  if (std::exchange(caller_has_left_, true) || is_ended_) return;
  if (handler_) {
    if (!final_status_) handler_->OnCallerLeft();
    is_finished_ = true;
    End({StatusCode::kCancelled, "the caller has left", {}});
  } else if (work_ && !is_finished_) {
    work_->OnCallerLeft();
  }
}

// --- The handler --------------------------------------------------------------------------------

void GenericCall::Handle() {
  has_handler_ = true;
  method_->handle(*this);
}

void GenericCall::Keep(std::unique_ptr<CallWork> work) { work_ = std::move(work); }

void GenericCall::Finish(Response response, CallStatus status) {
  response_ = std::move(response);
  status_ = std::move(status);
  Post([this] { Complete(); });
}

void GenericCall::Complete() {
  is_finished_ = true;
  if (is_ended_) return DeleteIfOver();
  if (!status_.ok() || caller_has_left_) return End(status_);
  is_ended_ = true;
  outgoing_ = BufferOf({}, response_.shared_body(), response_.tail());
  StartWriteAndFinish(&outgoing_, {}, grpc::Status::OK);
}

void GenericCall::End(const CallStatus& status) {
  if (std::exchange(is_ended_, true)) return;
  timer_.reset();
  if (status.code == StatusCode::kUnavailable) {
    context_.AddTrailingMetadata("grpc-retry-pushback-ms", "-1");
  }
  grpc::ServerGenericBidiReactor::Finish(ToGrpc(status));
}

void GenericCall::DeleteIfOver() {
  if (is_done_ && (!has_handler_ || is_finished_)) delete this;
}

// --- Streams ------------------------------------------------------------------------------------

ServerStream& GenericCall::Open(std::unique_ptr<StreamHandler> handler) {
  handler_ = std::move(handler);
  StartSendInitialMetadata();
  return *this;
}

// gRPC's API tells neither windows nor what the socket takes: one message is under way at most, and
// gRPC says when it has taken that.
bool GenericCall::CanWrite(std::size_t) {
  if (!is_writing_ && !is_ended_ && !final_status_) return true;
  wants_writable_ = true;
  return false;
}

void GenericCall::Write(StreamMessage message) {
  if (is_ended_ || final_status_) return;
  is_writing_ = true;
  outgoing_ = BufferOf(message.head(), message.shared_body(), message.tail());
  StartWrite(&outgoing_);
}

void GenericCall::TakeWritten() {
  is_writing_ = false;
  if (is_ended_) return;
  if (final_status_) return End(*final_status_);
  if (handler_ && std::exchange(wants_writable_, false)) handler_->OnWritable();
}

void GenericCall::Finish(CallStatus status) {
  if (is_ended_ || final_status_) return;
  is_finished_ = true;
  final_status_ = std::move(status);
  if (!is_writing_) return End(*final_status_);
  timer().Set(clock_.SteadyNow() + kLastMessagePatience, [this] { CutOff(); });
}

void GenericCall::Abort(CallStatus status) {
  if (is_ended_) return;
  is_finished_ = true;
  final_status_ = std::move(status);
  CutOff();
}

// A message that is stuck cannot be taken back.
void GenericCall::CutOff() {
  if (is_writing_) context_.TryCancel();
  End(*final_status_);
}

Alarm& GenericCall::timer() {
  if (!timer_) timer_.emplace(loop_.get_executor(), clock_);
  return *timer_;
}

void GenericCall::SetTimer(SteadyTime when) {
  if (when == SteadyTime::max()) {
    if (timer_) timer_->Cancel();
    return;
  }
  timer().Set(when, [this] {
    if (tells_handler()) handler_->OnTimer();
  });
}

std::shared_ptr<StreamWaker> GenericCall::waker() {
  if (!waker_) waker_ = std::make_shared<Waker>(loop_, *this);
  return waker_;
}

}  // namespace balance
