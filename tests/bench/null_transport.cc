#include "clients/core/clock.h"
#include "service/access/rpc_method.h"
#include "service/config/listen_address.h"
#include "service/transport/method_table.h"
#include "service/transport/transport_server.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

class NullTransport final : public NullServer {
 public:
  NullTransport(const std::string& listen, const std::string& answer)
      : answer_(answer.size(),
                [&answer](unsigned char* to) { std::copy(answer.begin(), answer.end(), to); }) {
    methods_.Add({kBalanceServiceName, std::string(NameOf(RpcMethod::kGetAccountSnapshot)),
                  MethodKind::kUnary, [this](Call& call) { call.Finish(Response(answer_), {}); }});
    const auto address = ParseListenAddress(listen);
    if (!address) return;
    if (const auto port = server_.Start(address->host, address->port, nullptr)) port_ = *port;
  }

  int port() const override { return port_; }

 private:
  const SharedBytes answer_;
  SystemClock clock_;
  MethodTable methods_;
  TransportServer server_{methods_, clock_, {.limits = {}, .loops = UsableCores()}};
  int port_ = 0;
};

}  // namespace

std::unique_ptr<NullServer> StartTransport(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<NullTransport>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
