#pragma once

// Reflection and channelz, for each server by itself: gRPC's plugins for them belong to the process
// and would join every server in it.

#include <grpcpp/impl/server_builder_option.h>

#include <memory>
#include <string>
#include <vector>

namespace balance {

// Given to a ServerBuilder before it builds. gRPC tells its plugins apart by name only, and could
// call them something else one day: then none of them is let in, and the server must not serve.
class DebugServices final : public grpc::ServerBuilderOption {
 public:
  // Names of plugins that were not among those of the builder.
  using Missing = std::vector<std::string>;

  // Must be constructed before the builder is, and says which of the two it shall serve.
  DebugServices(bool reflection, bool channelz);

  // Filled while the builder builds, which takes this object: ask before, look afterwards.
  std::shared_ptr<const Missing> missing() const { return missing_; }

  void UpdateArguments(grpc::ChannelArguments* arguments) override;
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override;

 private:
  const bool reflection_;
  const bool channelz_;
  const std::shared_ptr<Missing> missing_ = std::make_shared<Missing>();
};

}  // namespace balance
