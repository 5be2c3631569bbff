#include <optional>

#include "clients/core/clock.h"
#include "clients/core/topic.h"
#include "service/access/rpc_method.h"
#include "service/config/listen_address.h"
#include "service/transport/method_table.h"
#include "service/transport/transport_server.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

// Writes the answer when it begins and whenever it is told.
class NullWatch final : public StreamHandler {
 public:
  // Both must outlive the stream.
  NullWatch(const SharedBytes& answer, const Subscribers& watchers)
      : answer_(answer), watchers_(watchers) {}
  ~NullWatch() override {
    if (place_) watchers_.Remove(*place_);
  }

  void Begin(ServerStream& stream) {
    stream_ = &stream;
    place_ = watchers_.Add(stream.waker(), 0);
    OnWake();
  }

  void OnWake() override {
    if (stream_->CanWrite(answer_.size())) stream_->Write(answer_);
  }
  void OnWritable() override {}

 private:
  const SharedBytes& answer_;
  const Subscribers& watchers_;
  ServerStream* stream_ = nullptr;
  std::optional<Subscribers::Place> place_;
};

class NullTransport final : public NullServer {
 public:
  NullTransport(const std::string& listen, const std::string& answer)
      : answer_(answer.size(),
                [&answer](unsigned char* to) { std::copy(answer.begin(), answer.end(), to); }) {
    methods_.Add({kBalanceServiceName, std::string(NameOf(RpcMethod::kGetAccountSnapshot)),
                  MethodKind::kUnary, [this](Call& call) { call.Finish(Response(answer_), {}); }});
    methods_.Add({kBalanceServiceName, std::string(NameOf(RpcMethod::kWatchAccountSnapshots)),
                  MethodKind::kServerStreaming, [this](Call& call) {
                    auto watch = std::make_unique<NullWatch>(answer_, watchers_);
                    NullWatch& opened = *watch;
                    opened.Begin(call.Open(std::move(watch)));
                  }});
    const auto address = ParseListenAddress(listen);
    if (!address) return;
    if (const auto port = server_.Start(address->host, address->port, nullptr)) port_ = *port;
  }

  int port() const override { return port_; }
  void WriteToWatchers() override { watchers_.Tell(); }

 private:
  const SharedBytes answer_;
  const Subscribers watchers_;
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
