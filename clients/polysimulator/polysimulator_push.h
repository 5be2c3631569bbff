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
#include "clients/venue/push_venue.h"

namespace balance {

// Used on its shard's thread only.
class PolySimulatorPush final : public PushVenue {
 public:
  struct Options {
    // From NormalizePolySimulatorUrl().
    BaseUrl base_url;
    std::shared_ptr<const Secret> api_key;
    // For the token, and again for the upgrade.
    Duration timeout;
    // PEM file with CAs to trust beside the system's. Empty: none.
    std::string ca_file;
    // See HttpRequest::login.
    std::uint64_t login = 0;
  };

  // `transport` must outlive it.
  PolySimulatorPush(HttpTransport& transport, Options options);

  std::string_view name() const override;
  int requests_of_a_connection() const override { return 2; }
  // Asks for a token, which nobody else gets and which is used for this connection only.
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override;
  Error Classify(const HttpResponse& refusal) override;
  std::unique_ptr<PushProtocol> NewProtocol() const override;

 private:
  HttpTransport& transport_;
  const Options options_;
  // Of the latest request.
  std::optional<Secret> token_;
};

}  // namespace balance
