#include "tests/fuzz/transport_rig.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "service/transport/health_service.h"
#include "service/transport/reflection_service.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

// Small, so that short inputs reach them.
TransportLimits SmallLimits() {
  TransportLimits limits;
  limits.concurrent_streams = 12;
  limits.request_bytes = 600;
  limits.header_list_bytes = 700;
  limits.unfinished_request_bytes = 1000;
  limits.untaken_answer_bytes = 5000;
  limits.connection_memory = 20000;
  limits.abandoned_calls = 3;
  limits.unsent_frames = 40;
  limits.unsent_acks = 10;
  limits.reset_burst = 30;
  limits.continuations = 3;
  return limits;
}

// What the kernel takes before the server must wait.
constexpr int kSocketBytes = 4608;

SharedBytes ToShared(std::string_view text) {
  return {text.size(), [text](unsigned char* to) { std::memcpy(to, text.data(), text.size()); }};
}

}  // namespace

// Notes that its caller has left.
class TransportRig::Held final : public CallWork {
 public:
  explicit Held(std::size_t& count) : count_(count) { ++count_; }
  ~Held() override { --count_; }
  void OnCallerLeft() override {
    Require(!has_heard_, "a caller leaves once");
    has_heard_ = true;
  }

 private:
  std::size_t& count_;
  bool has_heard_ = false;
};

// Writes until it is told to stop.
class TransportRig::Repeater final : public StreamHandler {
 public:
  Repeater(TransportRig& rig, std::string_view message) : rig_(rig), message_(ToShared(message)) {}
  ~Repeater() override { std::erase(rig_.streams_, this); }

  void Begin(ServerStream& stream) {
    stream_ = &stream;
    rig_.streams_.push_back(this);
    rig_.wakers_.push_back(stream.waker());
    OnWritable();
  }
  void OnWritable() override {
    Require(!is_over_, "a stream that is over is told of nothing");
    for (; writes_ > 0 && stream_->CanWrite(message_.size()); --writes_) stream_->Write(message_);
    if (writes_ == 0) {
      is_over_ = true;
      stream_->Finish({});
    }
  }
  void OnWake() override { OnWritable(); }
  void OnCallerLeft() override {
    Require(!is_over_, "a caller leaves once");
    is_over_ = true;
  }
  void Abort() {
    if (std::exchange(is_over_, true)) return;
    stream_->Abort({StatusCode::kAborted, "enough", {}});
  }

 private:
  TransportRig& rig_;
  const SharedBytes message_;
  int writes_ = 30;
  bool is_over_ = false;
  ServerStream* stream_ = nullptr;
};

class TransportRig::Echoes final : public StreamHandler {
 public:
  void Begin(ServerStream& stream) { stream_ = &stream; }
  void OnMessage(std::string_view message) override {
    Require(!is_over_, "a stream that is over gets no message");
    waiting_.emplace_back(message);
    if (message.starts_with('!')) return End({StatusCode::kAborted, std::string(message), {}});
    OnWritable();
  }
  void OnMessagesEnd() override {
    Require(!is_over_, "a stream that is over gets no end");
    End({});
  }
  void OnWritable() override {
    while (!waiting_.empty() && stream_->CanWrite(waiting_.front().size())) {
      stream_->Write(ToShared(waiting_.front()));
      waiting_.pop_front();
    }
  }
  void OnCallerLeft() override {
    Require(!is_over_, "a caller leaves once");
    is_over_ = true;
  }

 private:
  void End(CallStatus status) {
    is_over_ = true;
    if (status.message.ends_with('!')) return stream_->Abort(std::move(status));
    stream_->Finish(std::move(status));
  }

  ServerStream* stream_ = nullptr;
  std::deque<std::string> waiting_;
  bool is_over_ = false;
};

TransportRig::TransportRig() : limits_(SmallLimits()) {
  AddMethods();
  shared_ =
      std::make_unique<TransportLoop::Shared>(TransportLoop::Shared{clock_, methods_, limits_, {}});
  loop_ = std::make_unique<TransportLoop>(*shared_, 1);
  shared_->counters.push_back(&loop_->counters());
  std::array<int, 2> ends{};
  Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0,
          "there are sockets");
  socket_ = ends[0];
  setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof(kSocketBytes));
  loop_->Adopt(ends[1], "peer", nullptr);
  Poll();
}

void TransportRig::AddUnary(const char* name, std::function<void(Call&)> handle) {
  methods_.Add({"t.T", name, MethodKind::kUnary, std::move(handle)});
}

void TransportRig::AddMethods() {
  AddUnary("Echo", [](Call& call) { call.Finish(Response(ToShared(call.request())), {}); });
  AddUnary("Fail", [](Call& call) {
    call.Finish({}, {StatusCode::kUnavailable, std::string(call.request()), "details"});
  });
  AddUnary("Hold", [this](Call& call) {
    call.Keep(std::make_unique<Held>(handlers_));
    held_.push_back(&call);
  });
  methods_.Add({"t.T", "Repeat", MethodKind::kServerStreaming, [this](Call& call) {
                  auto handler = std::make_unique<Repeater>(*this, call.request());
                  Repeater& opened = *handler;
                  opened.Begin(call.Open(std::move(handler)));
                }});
  methods_.Add({"t.T", "Echoes", MethodKind::kBidiStreaming, [](Call& call) {
                  auto handler = std::make_unique<Echoes>();
                  Echoes& opened = *handler;
                  opened.Begin(call.Open(std::move(handler)));
                }});
  AddHealthService(methods_, health_);
  AddReflectionService(methods_, {"grpc.health.v1.Health"});
}

TransportRig::~TransportRig() {
  loop_->CloseConnections();
  Poll();
  Require(streams_.empty(), "streams end with their connection");
  while (!held_.empty()) FinishOne();
  Require(handlers_ == 0, "calls are released when they are finished");
  const TransportStats stats = loop_->counters().Read();
  Require(stats.connections_opened == 1 && stats.connections_open == 0, "connections are counted");
  Require(stats.calls_open == 0, "calls are counted");
  Require(stats.buffered_bytes == 0, "bytes in buffers are counted");
  close(socket_);
}

void TransportRig::Poll() {
  loop_->io().restart();
  loop_->io().poll();
  const TransportStats stats = loop_->counters().Read();
  Require(stats.calls_open <= limits_.concurrent_streams, "streams are bounded");
  // What one turn may add: windows, the answer that is begun, and what the socket does not take.
  Require(stats.buffered_bytes < 1U << 20U, "buffers are bounded");
}

void TransportRig::Send(std::string_view bytes) {
  for (int tries = 0; tries < 4 && !bytes.empty(); ++tries) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    Poll();
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void TransportRig::Receive() {
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), 0);
    if (size <= 0) break;
    answer_.append(bytes.data(), static_cast<std::size_t>(size));
    CheckFrames();
    Poll();
  }
}

void TransportRig::CheckFrames() {
  constexpr std::size_t kHead = 9;
  constexpr std::size_t kLongest = 16384;
  constexpr unsigned char kLastType = 9;
  std::string_view rest = answer_;
  while (speaks_http2_ && rest.size() >= kHead) {
    if (rest.starts_with("HTTP/1.1 ")) {
      speaks_http2_ = false;
      break;
    }
    const auto byte = [rest](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(rest[at])};
    };
    const std::size_t size = byte(0) << 16U | byte(1) << 8U | byte(2);
    Require(size <= kLongest && byte(3) <= kLastType, "the server sends frames");
    if (rest.size() < kHead + size) break;
    rest.remove_prefix(kHead + size);
  }
  answer_.erase(0, answer_.size() - rest.size());
  if (!speaks_http2_) answer_.clear();
}

void TransportRig::HangUp() {
  shutdown(socket_, SHUT_RDWR);
  Poll();
}

void TransportRig::Advance(Duration by) {
  clock_.Advance(by);
  Poll();
}

void TransportRig::FinishOne() {
  if (held_.empty()) return;
  Call* const call = held_.front();
  held_.pop_front();
  call->Finish(Response(ToShared("finished")), {});
  Poll();
}

void TransportRig::WakeAll() {
  for (const auto& waker : wakers_) waker->Wake();
  Poll();
}

void TransportRig::AbortAll() {
  boost::asio::post(loop_->io(), [this] {
    for (Repeater* const stream : streams_) stream->Abort();
  });
  Poll();
}

void TransportRig::ToggleHealth() {
  is_healthy_ = !is_healthy_;
  health_.Set("", is_healthy_);
  Poll();
}

void TransportRig::Drain() {
  loop_->Drain();
  Poll();
}

void TransportRig::Shed() {
  loop_->ShedHeaviest();
  loop_->ShedIdle(1);
  Poll();
}

}  // namespace balance::fuzz
