#pragma once

// Connects a login at Polymarket US to the venue's private WebSocket.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/polymarket_us/signed_headers.h"
#include "clients/venue/push_venue.h"

namespace balance {

// Used on its shard's thread only.
class PolymarketUsPush final : public PushVenue {
 public:
  struct Options {
    BaseUrl base_url;
    std::string key_id;
    // SecretKey::seed, from DecodeSecretKey().
    std::shared_ptr<const Secret> seed;
    // For one upgrade.
    Duration timeout;
    // PEM file with CAs to trust beside the system's. Empty: none.
    std::string ca_file;
  };

  // `clock` must outlive it. The seed is not kept. `venue_clock` is that of the host; it corrects
  // the time that is signed.
  PolymarketUsPush(Clock& clock, std::shared_ptr<UpstreamClock> venue_clock, Options options);

  std::string_view name() const override;
  // The upgrade, signed now.
  boost::asio::awaitable<Result<WebSocketRequest>> Prepare() override;
  Error Classify(const HttpResponse& refusal) override;
  std::unique_ptr<PushProtocol> NewProtocol() const override;

 private:
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> venue_clock_;
  const BaseUrl base_url_;
  const Duration timeout_;
  const std::string ca_file_;
  const polymarket_us::Credentials credentials_;
  // Of the latest request.
  std::string signature_;
  WallTime signed_at_;
};

}  // namespace balance
