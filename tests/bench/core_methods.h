#pragma once

// The methods of a gRPC service whose calls are taken from gRPC's core (null_core.cc). To the rest
// of a grpc::Server, reflection and credentials among it, they are as those of any other service.

#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>

#include <deque>
#include <string>

namespace balance::bench {

// Registered at one server, which it must outlive.
class CoreMethods final : public grpc::Service {
 public:
  using Method = grpc::internal::RpcServiceMethod;

  // `service`: its full name, such as "grpc.health.v1.Health".
  explicit CoreMethods(std::string service) : service_(std::move(service)) {}

  // What comes with one message and is answered with one. Lives as long as this. REQUIRES: it is
  // not registered yet.
  const Method& AddUnary(const std::string& name) { return Add(name, Method::NORMAL_RPC); }
  // What is answered with any number.
  const Method& AddServerStreaming(const std::string& name) {
    return Add(name, Method::SERVER_STREAMING);
  }

 private:
  const Method& Add(const std::string& name, Method::RpcType type) {
    // gRPC keeps a pointer to the path.
    const std::string& path = paths_.emplace_back("/" + service_ + "/" + name);
    auto* method = new Method(path.c_str(), type, nullptr);
    AddMethod(method);
    method->SetServerApiType(Method::ApiType::RAW);
    return *method;
  }

  const std::string service_;
  std::deque<std::string> paths_;
};

}  // namespace balance::bench
