#pragma once

// Reflection and channelz, for each server by itself: gRPC's plugins for them belong to the process
// and would join every server in it.

#include <grpcpp/impl/server_builder_option.h>

#include <memory>
#include <vector>

namespace balance {

// Given to a ServerBuilder before it builds.
class DebugServices final : public grpc::ServerBuilderOption {
 public:
  // Must be constructed before the builder is, and says which of the two it shall serve.
  DebugServices(bool reflection, bool channelz);

  void UpdateArguments(grpc::ChannelArguments* arguments) override;
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override;

 private:
  const bool reflection_;
  const bool channelz_;
};

}  // namespace balance
