#include "clients/polymarket_us/polymarket_us_push.h"

#include <array>
#include <utility>

#include "clients/polymarket_us/classify_failure.h"
#include "clients/polymarket_us/push_protocol.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/exchange.h"

namespace balance {

PolymarketUsPush::PolymarketUsPush(Clock& clock, std::shared_ptr<UpstreamClock> host_clock,
                                   const Login& login, ClientSettings settings)
    : clock_(clock),
      host_clock_(std::move(host_clock)),
      base_url_(login.base_url),
      settings_(std::move(settings)),
      key_id_(login.key_id),
      key_(SigningKeyOf(login)) {}

std::string_view PolymarketUsPush::name() const { return polymarket_us::kName; }

boost::asio::awaitable<Result<WebSocketRequest>> PolymarketUsPush::Prepare() {
  prepared_at_ = clock_.Time();
  signed_at_ = prepared_at_.wall + host_clock_->Correction();
  auto headers =
      polymarket_us::SignedHeaders({key_id_, *key_}, polymarket_us::kPushPath, signed_at_);
  if (!headers) co_return tl::unexpected<Error>(std::move(headers.error()));
  signature_ = polymarket_us::SignatureOf(*headers);
  co_return WebSocketRequest{base_url_,
                             base_url_.path_prefix + std::string(polymarket_us::kPushPath),
                             *std::move(headers), settings_.attempt_timeout, settings_.ca_file};
}

Error PolymarketUsPush::Classify(const HttpResponse& refusal) {
  const std::array<std::string_view, 2> secrets = {key_id_, signature_};
  Error error = polymarket_us::ClassifyFailure(
      refusal, signed_at_, clock_.WallNow() + host_clock_->Correction(), secrets);
  if (error.kind == ErrorKind::kClockSkew) host_clock_->Distrust();
  ObserveDate({refusal, prepared_at_, clock_.WallNow()}, *host_clock_);
  return error;
}

std::unique_ptr<PushProtocol> PolymarketUsPush::NewProtocol() const {
  return std::make_unique<polymarket_us::PushProtocol>();
}

}  // namespace balance
