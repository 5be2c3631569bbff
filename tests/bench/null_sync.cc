#include <grpcpp/impl/codegen/method_handler.h>

#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

// Registered by hand, for protoc makes no raw synchronous methods.
class SyncService final : public grpc::Service {
 public:
  explicit SyncService(const std::string& answer) : answer_(answer) {
    using grpc::internal::RpcMethod;
    AddMethod(new grpc::internal::RpcServiceMethod(
        "/balance.v1.BalanceService/GetAccountSnapshot", RpcMethod::NORMAL_RPC,
        new grpc::internal::RpcMethodHandler<SyncService, grpc::ByteBuffer, grpc::ByteBuffer>(
            [](SyncService* service, grpc::ServerContext*, const grpc::ByteBuffer*,
               grpc::ByteBuffer* response) {
              *response = BufferOf(service->answer_);
              return grpc::Status::OK;
            },
            this)));
  }

 private:
  const grpc::Slice answer_;
};

class SyncServer final : public NullServer {
 public:
  SyncServer(const std::string& listen, const std::string& answer) : service_(answer) {
    server_ = StartService(listen, service_, port_);
  }

  int port() const override { return port_; }

 private:
  int port_ = 0;
  SyncService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartSync(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<SyncServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
