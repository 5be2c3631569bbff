#include "service/server/server_limits.h"

#include <grpcpp/resource_quota.h>

namespace balance {
namespace {

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

void ApplyServerLimits(grpc::ServerBuilder& builder, Duration max_connection_age) {
  using Limits = ServerLimits;
  const auto set = [&builder](const char* argument, int value) {
    builder.AddChannelArgument(argument, value);
  };
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, Limits::kConcurrentStreams);
  set(GRPC_ARG_MAX_METADATA_SIZE, Limits::kMetadataBytes);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(Limits::kHandshake));
  set(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(Limits::kKeepaliveTime));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(Limits::kKeepaliveTimeout));
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(Limits::kClientPingInterval));
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, Limits::kPingStrikes);
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(Limits::kConnectionIdle));
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(max_connection_age));
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(Limits::kConnectionGrace));
  builder.SetMaxReceiveMessageSize(Limits::kRequestBytes);
  grpc::ResourceQuota quota("server");
  quota.Resize(Limits::kMemoryBytes);
  builder.SetResourceQuota(quota);
}

}  // namespace balance
