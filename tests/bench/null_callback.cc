#include "proto/balance_v1.h"
// Needs balance_v1.h before it.
#include "balance/v1/balance_service.grpc.pb.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

class CallbackService final : public v1::BalanceService::WithRawCallbackMethod_GetAccountSnapshot<
                                  v1::BalanceService::Service> {
 public:
  explicit CallbackService(const std::string& answer) : answer_(answer) {}

  grpc::ServerUnaryReactor* GetAccountSnapshot(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer*,
                                               grpc::ByteBuffer* response) override {
    *response = BufferOf(answer_);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const grpc::Slice answer_;
};

class CallbackServer final : public NullServer {
 public:
  CallbackServer(const std::string& listen, const std::string& answer) : service_(answer) {
    server_ = StartService(listen, service_, port_);
  }

  int port() const override { return port_; }

 private:
  int port_ = 0;
  CallbackService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartCallback(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<CallbackServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
