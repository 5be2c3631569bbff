#include "clients/polysimulator/polysimulator_push.h"

#include <array>
#include <utility>

#include "clients/polysimulator/classify_failure.h"
#include "clients/polysimulator/push_protocol.h"
#include "clients/polysimulator/socket_token.h"
#include "clients/polysimulator/venue.h"
#include "clients/venue/exchange.h"

namespace balance {

PolySimulatorPush::PolySimulatorPush(HttpTransport& transport, Login login, ClientSettings settings)
    : transport_(transport), login_(std::move(login)), settings_(std::move(settings)) {}

std::string_view PolySimulatorPush::name() const { return polysimulator::kName; }

boost::asio::awaitable<Result<WebSocketRequest>> PolySimulatorPush::Prepare() {
  auto request = polysimulator::BuildTokenRequest(login_.base_url, *login_.secret);
  if (!request) co_return tl::unexpected<Error>(std::move(request.error()));
  request->timeout = settings_.attempt_timeout;
  Apply(settings_, *request);
  auto response = co_await transport_.Send(*std::move(request));
  if (!response) {
    co_return tl::unexpected<Error>(NoAnswer(polysimulator::kName, std::move(response.error())));
  }
  if (response->status != 200) co_return tl::unexpected<Error>(Classify(*response));
  auto token = polysimulator::ParseToken(response->body);
  Wipe(response->body);
  if (!token) co_return tl::unexpected<Error>(std::move(token.error()));
  token_ = *std::move(token);
  std::string target = login_.base_url.path_prefix;
  target.append(polysimulator::kPushPath).append("?token=").append(token_->Expose());
  co_return WebSocketRequest{
      login_.base_url, std::move(target), {}, settings_.attempt_timeout, settings_.ca_file};
}

Error PolySimulatorPush::Classify(const HttpResponse& refusal) {
  const std::string_view api_key = login_.secret->Expose();
  // A venue may echo the address that it refuses.
  const std::array<std::string_view, 2> secrets = {api_key, token_ ? token_->Expose() : api_key};
  return polysimulator::ClassifyFailure(refusal, secrets);
}

std::unique_ptr<PushProtocol> PolySimulatorPush::NewProtocol() const {
  return std::make_unique<polysimulator::PushProtocol>();
}

}  // namespace balance
