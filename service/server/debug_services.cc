#include "service/server/debug_services.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <algorithm>

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
  const auto settle = [this, plugins](const char* name, bool is_served) {
    const auto is_meant = [name](const auto& plugin) { return plugin->name() == name; };
    if (std::none_of(plugins->begin(), plugins->end(), is_meant)) missing_->emplace_back(name);
    if (!is_served) std::erase_if(*plugins, is_meant);
  };
  settle("proto_server_reflection", reflection_);
  settle("channelz_service", channelz_);
  // What goes by a name that is not known may be what was to be kept off.
  if (!missing_->empty()) plugins->clear();
}

}  // namespace balance
