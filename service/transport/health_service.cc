#include "service/transport/health_service.h"

#include <optional>
#include <string>
#include <utility>

#include "service/transport/proto_messages.h"

namespace balance {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthListRequest;
using grpc::health::v1::HealthListResponse;

constexpr const char* kService = "grpc.health.v1.Health";

CallStatus BadRequest() {
  return {StatusCode::kInvalidArgument,
          "the request is not a HealthCheckRequest whose service has at most " +
              std::to_string(kMaxHealthServiceName) + " bytes",
          {}};
}

bool Read(std::string_view bytes, HealthCheckRequest& request) {
  return ParseBytes(bytes, request) && request.service().size() <= kMaxHealthServiceName;
}

void Check(const HealthStates& states, Call& call) {
  HealthCheckRequest request;
  if (!Read(call.request(), request)) return call.Finish({}, BadRequest());
  HealthCheckResponse response;
  response.set_status(states.Get(request.service()));
  if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
    return call.Finish({}, {StatusCode::kNotFound, "the server has no such service", {}});
  }
  call.Finish(Response(BytesOf(response)), {});
}

void List(const HealthStates& states, Call& call) {
  HealthListRequest request;
  if (!ParseBytes(call.request(), request)) {
    return call.Finish(
        {}, {StatusCode::kInvalidArgument, "the request is not a HealthListRequest", {}});
  }
  HealthListResponse response;
  for (const auto& [service, state] : states.All()) {
    (*response.mutable_statuses())[service].set_status(state);
  }
  call.Finish(Response(BytesOf(response)), {});
}

// Sends the newest state whenever it is another than the one sent last and the peer takes it: what
// comes and goes while it does not is never sent.
class Watch final : public StreamHandler {
 public:
  Watch(HealthStates& states, std::string service)
      : states_(states), service_(std::move(service)) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    if (place_) states_.Remove(service_, *place_);
  }

  void Begin(ServerStream& stream) {
    stream_ = &stream;
    place_ = states_.Add(service_, stream.waker());
    WriteIfDue();
  }

  void OnWritable() override { WriteIfDue(); }
  void OnWake() override { WriteIfDue(); }

 private:
  void WriteIfDue() {
    const HealthStates::State state = states_.Get(service_);
    if (state == written_) return;
    HealthCheckResponse response;
    response.set_status(state);
    if (!stream_->CanWrite(response.ByteSizeLong())) return;
    written_ = state;
    stream_->Write(BytesOf(response));
  }

  HealthStates& states_;
  const std::string service_;
  ServerStream* stream_ = nullptr;
  // Among those who hear of the service.
  std::optional<Subscribers::Place> place_;
  std::optional<HealthStates::State> written_;
};

// Ends a stream that cannot begin.
class Refused final : public StreamHandler {
 public:
  void OnWritable() override {}
};

void StartWatch(HealthStates& states, Call& call) {
  HealthCheckRequest request;
  if (!Read(call.request(), request)) {
    return call.Open(std::make_unique<Refused>()).Finish(BadRequest());
  }
  auto watch = std::make_unique<Watch>(states, request.service());
  Watch& opened = *watch;
  opened.Begin(call.Open(std::move(watch)));
}

}  // namespace

void AddHealthService(MethodTable& methods, HealthStates& states) {
  methods.Add(
      {kService, "Check", MethodKind::kUnary, [&states](Call& call) { Check(states, call); }});
  methods.Add(
      {kService, "List", MethodKind::kUnary, [&states](Call& call) { List(states, call); }});
  methods.Add({kService, "Watch", MethodKind::kServerStreaming,
               [&states](Call& call) { StartWatch(states, call); }});
}

}  // namespace balance
