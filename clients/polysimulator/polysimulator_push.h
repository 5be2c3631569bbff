#pragma once

// Connects an API key of PolySimulator to the venue's WebSocket of executions.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/secret.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/venue/client_settings.h"
#include "clients/venue/login.h"
#include "clients/venue/push_login.h"

namespace balance {

// Used on its shard's thread only.
class PolySimulatorPush final : public PushLogin {
 public:
  // `transport` must outlive it. A connection takes the settings' time twice: for its token, and
  // for the upgrade.
  PolySimulatorPush(HttpTransport& transport, Login login, ClientSettings settings);

  std::string_view name() const override;
  int requests_of_a_connection() const override { return 2; }
  // Asks for a token, which nobody else gets and which is used for this connection only.
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override;
  Error Classify(const HttpResponse& refusal) override;
  std::unique_ptr<PushProtocol> NewProtocol() const override;

 private:
  HttpTransport& transport_;
  const Login login_;
  const ClientSettings settings_;
  // Token of the latest request, which is masked in what the venue says.
  std::optional<Secret> token_;
};

}  // namespace balance
