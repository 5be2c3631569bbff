#include <chrono>

#include "proto/balance_v1_grpc.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

class FillService final : public v1::BalanceService::WithCallbackMethod_GetAccountSnapshot<
                              v1::BalanceService::Service> {
 public:
  explicit FillService(const std::string& answer) { snapshot_.ParseFromString(answer); }

  grpc::ServerUnaryReactor* GetAccountSnapshot(grpc::CallbackServerContext* context,
                                               const v1::GetAccountSnapshotRequest*,
                                               v1::AccountSnapshot* response) override {
    *response = snapshot_;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    response->mutable_serve_time()->set_seconds(seconds.count());
    response->mutable_serve_time()->set_nanos(static_cast<std::int32_t>((now - seconds).count()));
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  v1::AccountSnapshot snapshot_;
};

class FillServer final : public NullServer {
 public:
  FillServer(const std::string& listen, const std::string& answer) : service_(answer) {
    server_ = StartService(listen, service_, port_);
  }

  int port() const override { return port_; }

 private:
  int port_ = 0;
  FillService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartFill(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<FillServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
