#include "service/grpc_engine/generic_server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

namespace balance {
namespace {

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void Apply(const TransportLimits& limits, grpc::ServerBuilder& builder) {
  const auto set = [&builder](const char* argument, int value) {
    builder.AddChannelArgument(argument, value);
  };
  // A second instance on the port must fail, not share its connections.
  set(GRPC_ARG_ALLOW_REUSEPORT, 0);
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(limits.concurrent_streams));
  set(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits.header_list_bytes));
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(limits.hello));
  set(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(limits.keepalive));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(limits.keepalive_timeout));
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(limits.peer_ping_interval));
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, limits.ping_strikes);
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(limits.idle));
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(limits.age));
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(limits.lasting_grace));
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits.request_bytes));
  grpc::ResourceQuota quota("server");
  quota.Resize(limits.connection_memory);
  builder.SetResourceQuota(quota);
}

}  // namespace

GenericServer::GenericServer(const MethodTable& methods, Clock& clock, TransportLimits limits)
    : methods_(methods),
      clock_(clock),
      limits_(std::move(limits)),
      work_(boost::asio::make_work_guard(loop_)) {
  // Debian's abseil looks for deadlocks at each lock that gRPC takes, which costs a tenth of a
  // call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

GenericServer::~GenericServer() { Stop(); }

Result<std::uint16_t> GenericServer::Start(const std::string& address,
                                           const std::optional<TlsCredentialFiles>& tls) {
  thread_ = std::thread([this] { loop_.run(); });
  grpc::ServerBuilder builder;
  Apply(limits_, builder);
  int port = 0;
  builder.AddListeningPort(
      address, tls ? MakeTlsCredentials(*tls) : grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) {
    return Fail(ErrorKind::kInvalidInput,
                "the port is in use or the address is not of this machine; choose another");
  }
  return static_cast<std::uint16_t>(port);
}

void GenericServer::Drain() {
  if (!server_ || drained_.valid()) return;
  drained_ = std::async(std::launch::async, [this] {
    server_->Shutdown(std::chrono::system_clock::now() + kMostDrain);
    server_->Wait();
  });
}

void GenericServer::Stop() {
  Drain();
  if (server_) {
    CancelCalls();
    drained_.wait();
  }
  {
    const MutexLock lock(mutex_);
    no_call_is_open_.Wait(mutex_, [this]() BALANCE_REQUIRES(mutex_) { return open_calls_ == 0; });
  }
  work_.reset();
  if (thread_.joinable()) thread_.join();
  server_.reset();
}

void GenericServer::CancelCalls() {
  const MutexLock lock(mutex_);
  for (GenericCall* call : calls_of_grpc_) call->Cancel();
}

TransportStats GenericServer::stats() const {
  TransportStats stats;
  const MutexLock lock(mutex_);
  stats.calls_open = open_calls_;
  return stats;
}

grpc::ServerGenericBidiReactor* GenericServer::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return new GenericCall(loop_, clock_, *this, *context, methods_.Find(context->method()));
}

void GenericServer::OnCallBegun(GenericCall& call) {
  const MutexLock lock(mutex_);
  ++open_calls_;
  calls_of_grpc_.insert(&call);
}

void GenericServer::OnCallDone(GenericCall& call) {
  const MutexLock lock(mutex_);
  calls_of_grpc_.erase(&call);
}

void GenericServer::OnCallOver() {
  const MutexLock lock(mutex_);
  // Notify with the lock held: once Stop() has seen that no call is open, nothing here may be
  // touched.
  if (--open_calls_ == 0) no_call_is_open_.NotifyAll();
}

}  // namespace balance
