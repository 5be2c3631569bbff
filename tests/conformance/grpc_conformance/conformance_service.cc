#include "tests/conformance/grpc_conformance/conformance_service.h"

#include <conformance.pb.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "service/transport/proto_messages.h"
#include "tests/conformance/grpc_conformance/paced_stream.h"

namespace balance {
namespace {

namespace proto = connectrpc::conformance::v1;
using Milliseconds = std::chrono::milliseconds;
using RequestInfo = proto::ConformancePayload::RequestInfo;

constexpr const char* kService = "connectrpc.conformance.v1.ConformanceService";

// What calls of a method are answered with.
struct Context {
  const Clock& clock;
  DelayThread& delays;
};

const CallStatus& Malformed() {
  static const CallStatus kStatus = {
      StatusCode::kInvalidArgument, "the request is not the method's message", {}};
  return kStatus;
}

void AddRequest(std::string_view bytes, const char* type, RequestInfo& info) {
  google::protobuf::Any& request = *info.add_requests();
  request.set_type_url("type.googleapis.com/connectrpc.conformance.v1." + std::string(type));
  request.set_value(std::string(bytes));
}

// All but the requests.
RequestInfo InfoOf(const Call& call, const Clock& clock) {
  RequestInfo info;
  call.metadata().ForEach([&info](std::string_view name, std::string_view value) {
    auto& headers = *info.mutable_request_headers();
    auto header = std::find_if(headers.begin(), headers.end(),
                               [name](const proto::Header& other) { return other.name() == name; });
    if (header == headers.end()) {
      info.add_request_headers()->set_name(std::string(name));
      header = headers.end() - 1;
    }
    header->add_value(std::string(value));
  });
  if (const auto deadline = call.deadline()) {
    info.set_timeout_ms(
        std::chrono::duration_cast<Milliseconds>(*deadline - clock.SteadyNow()).count());
  }
  return info;
}

CallStatus StatusOf(const proto::Error& error) {
  return {static_cast<StatusCode>(error.code()), error.message(),
          error.details().empty() ? std::string() : error.SerializeAsString()};
}

// With what the server has seen as a detail.
CallStatus StatusOf(proto::Error error, const RequestInfo& info) {
  error.add_details()->PackFrom(info);
  return StatusOf(error);
}

SharedBytes UnaryBytes(const proto::UnaryResponseDefinition& definition, const RequestInfo& info) {
  proto::UnaryResponse response;
  response.mutable_payload()->set_data(definition.response_data());
  *response.mutable_payload()->mutable_request_info() = info;
  return BytesOf(response);
}

SharedBytes StreamBytes(const std::string& data, const std::optional<RequestInfo>& info) {
  proto::StreamResponse response;
  response.mutable_payload()->set_data(data);
  if (info) *response.mutable_payload()->mutable_request_info() = *info;
  return BytesOf(response);
}

// --- Methods ------------------------------------------------------------------------------------

void HandleUnary(Call& call, const char* type, const Context& context) {
  proto::UnaryRequest request;
  if (!ParseBytes(call.request(), request)) return call.Finish({}, Malformed());
  const auto& definition = request.response_definition();
  RequestInfo info = InfoOf(call, context.clock);
  AddRequest(call.request(), type, info);
  Response response;
  CallStatus status;
  if (definition.has_error()) {
    status = StatusOf(definition.error(), info);
  } else {
    response = Response(UnaryBytes(definition, info));
  }
  context.delays.After(Milliseconds(definition.response_delay_ms()),
                       [&call, response, status] { call.Finish(response, status); });
}

// Sends all answers that `definition` has from the one numbered `from` on, then its status. `info`
// goes with the first of all.
void SendRest(PacedStream& stream, const proto::StreamResponseDefinition& definition, int from,
              const RequestInfo& info) {
  const Milliseconds delay(definition.response_delay_ms());
  for (int i = from; i < definition.response_data_size(); ++i) {
    const auto shown = i == 0 ? std::optional(info) : std::nullopt;
    stream.Queue(StreamBytes(definition.response_data(i), shown), delay);
  }
  if (!definition.has_error()) return stream.End({});
  stream.End(definition.response_data().empty() ? StatusOf(definition.error(), info)
                                                : StatusOf(definition.error()));
}

void HandleServerStream(Call& call, const Context& context) {
  proto::ServerStreamRequest request;
  const bool is_good = ParseBytes(call.request(), request);
  RequestInfo info = InfoOf(call, context.clock);
  AddRequest(call.request(), "ServerStreamRequest", info);
  auto handler = std::make_unique<PacedStream>(context.delays);
  PacedStream& stream = *handler;
  stream.Begin(call.Open(std::move(handler)));
  if (!is_good) return stream.End(Malformed());
  SendRest(stream, request.response_definition(), 0, info);
}

// Many messages come, one answers.
class ClientStream final : public PacedStream {
 public:
  ClientStream(DelayThread& delays, RequestInfo info)
      : PacedStream(delays), info_(std::move(info)) {}

  void OnMessage(std::string_view message) override {
    proto::ClientStreamRequest request;
    if (!ParseBytes(message, request)) return End(Malformed());
    if (info_.requests().empty()) definition_ = request.response_definition();
    AddRequest(message, "ClientStreamRequest", info_);
  }
  void OnMessagesEnd() override {
    if (definition_.has_error()) return End(StatusOf(definition_.error(), info_));
    Queue(UnaryBytes(definition_, info_), Milliseconds(definition_.response_delay_ms()));
    End({});
  }

 private:
  RequestInfo info_;
  proto::UnaryResponseDefinition definition_;
};

class BidiStream final : public PacedStream {
 public:
  BidiStream(DelayThread& delays, RequestInfo info) : PacedStream(delays), info_(std::move(info)) {}

  void OnMessage(std::string_view message) override {
    if (has_ended()) return;
    proto::BidiStreamRequest request;
    if (!ParseBytes(message, request)) return End(Malformed());
    if (std::exchange(is_first_, false)) {
      definition_ = request.response_definition();
      is_full_duplex_ = request.full_duplex();
    }
    AddRequest(message, "BidiStreamRequest", info_);
    if (is_full_duplex_) AnswerOne();
  }
  void OnMessagesEnd() override { SendRest(*this, definition_, answered_, info_); }

 private:
  // Every answer shows the requests since the one before, and the first one also the headers.
  void AnswerOne() {
    if (answered_ == definition_.response_data_size()) return OnMessagesEnd();
    Queue(StreamBytes(definition_.response_data(answered_), info_),
          Milliseconds(definition_.response_delay_ms()));
    ++answered_;
    info_.Clear();
  }

  RequestInfo info_;
  proto::StreamResponseDefinition definition_;
  int answered_ = 0;
  bool is_first_ = true;
  bool is_full_duplex_ = false;
};

template <typename Handler>
void Open(Call& call, const Context& context) {
  auto handler = std::make_unique<Handler>(context.delays, InfoOf(call, context.clock));
  Handler& stream = *handler;
  stream.Begin(call.Open(std::move(handler)));
}

}  // namespace

void AddConformanceService(MethodTable& methods, const Clock& clock, DelayThread& delays) {
  const Context context{clock, delays};
  for (const auto& [name, type] : {std::pair("Unary", "UnaryRequest"),
                                   std::pair("IdempotentUnary", "IdempotentUnaryRequest")}) {
    methods.Add({kService, name, MethodKind::kUnary,
                 [context, type = type](Call& call) { HandleUnary(call, type, context); }});
  }
  methods.Add({kService, "ServerStream", MethodKind::kServerStreaming,
               [context](Call& call) { HandleServerStream(call, context); }});
  // On the wire a call that is answered with one message is a stream of one.
  methods.Add({kService, "ClientStream", MethodKind::kBidiStreaming,
               [context](Call& call) { Open<ClientStream>(call, context); }});
  methods.Add({kService, "BidiStream", MethodKind::kBidiStreaming,
               [context](Call& call) { Open<BidiStream>(call, context); }});
}

}  // namespace balance
