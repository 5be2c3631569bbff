#include "service/server/debug_services.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <string>

namespace balance {

DebugServices::DebugServices(bool reflection, bool channelz)
    : reflection_(reflection), channelz_(channelz) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::channelz::experimental::InitChannelzService();
}

void DebugServices::UpdateArguments(grpc::ChannelArguments* arguments) {
  // Else gRPC keeps its books on every call, for nobody.
  if (!channelz_) arguments->SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

void DebugServices::UpdatePlugins(
    std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) {
  std::erase_if(*plugins, [this](const auto& plugin) {
    const std::string name = plugin->name();
    return (!reflection_ && name == "proto_server_reflection") ||
           (!channelz_ && name == "channelz_service");
  });
}

}  // namespace balance
