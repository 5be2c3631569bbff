#pragma once

// Connects a login at Polymarket US to the venue's private WebSocket.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/polymarket_us/signed_headers.h"
#include "clients/venue/client_settings.h"
#include "clients/venue/login.h"
#include "clients/venue/push_login.h"

namespace balance {

// Used on its shard's thread only.
class PolymarketUsPush final : public PushLogin {
 public:
  // `clock` must outlive it. Shares the login's key. `host_clock` corrects the time that is
  // signed.
  PolymarketUsPush(Clock& clock, std::shared_ptr<UpstreamClock> host_clock, const Login& login,
                   ClientSettings settings);

  std::string_view name() const override;
  // The upgrade, signed now.
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override;
  Error Classify(const HttpResponse& refusal) override;
  std::unique_ptr<PushProtocol> NewProtocol() const override;

 private:
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> host_clock_;
  const BaseUrl base_url_;
  const ClientSettings settings_;
  const std::string key_id_;
  const std::shared_ptr<const SigningKey> key_;
  // Signature of the latest request, which is masked in what the venue says.
  std::string signature_;
  // When that was made, and the time that it bears.
  Now prepared_at_;
  WallTime signed_at_;
};

}  // namespace balance
