#include "service/server/debug_services.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <string>

#include "grpc/health/v1/health.pb.h"

namespace balance {

DebugServices::DebugServices(bool reflection, bool channelz)
    : reflection_(reflection), channelz_(channelz) {
  // gRPC answers health checks without the message classes, and then reflection knows none of them.
  grpc::health::v1::HealthCheckRequest::descriptor();
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::channelz::experimental::InitChannelzService();
}

void DebugServices::UpdateArguments(grpc::ChannelArguments*) {}

void DebugServices::UpdatePlugins(
    std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) {
  std::erase_if(*plugins, [this](const auto& plugin) {
    const std::string name = plugin->name();
    return (!reflection_ && name == "proto_server_reflection") ||
           (!channelz_ && name == "channelz_service");
  });
}

}  // namespace balance
