#include "clients/polysimulator/venue.h"

#include <string_view>
#include <utility>

#include "clients/polysimulator/polysimulator_client.h"
#include "clients/polysimulator/polysimulator_push.h"

namespace balance {
namespace polysimulator {
namespace {

VenueFacts Facts() {
  return {.kind = kKind,
          .key = "polysimulator",
          .name = kName,
          .base_url = kBaseUrl,
          .route = kBalancePath,
          .measures = {kMeasures.begin(), kMeasures.end()},
          .money = {.fund_class = FundClass::kSimulatedMoney, .is_fixed = true},
          .login = {{.key = "api_key", .variable = "POLYSIM_API_KEY", .words = "API key"}},
          .base_url_variable = "POLYSIM_BASE_URL",
          .fund_class_variable = {},
          .rate = kUsualRate,
          .has_push = true};
}

class PolySimulatorVenue final : public Venue {
 public:
  PolySimulatorVenue() : Venue(Facts()) {}

  BaseUrl Normalize(BaseUrl url) const override {
    return NormalizePolySimulatorUrl(std::move(url));
  }

  LoginParts ReadLogin(std::span<const std::string_view> texts) const override {
    LoginParts parts;
    if (!texts[0].empty()) parts.secret = std::make_shared<const Secret>(texts[0]);
    return parts;
  }

  std::unique_ptr<BalanceSource> MakeClient(
      std::shared_ptr<const Login> login, ClientSettings settings, HttpTransport& transport,
      Clock& clock, std::shared_ptr<UpstreamClock> host_clock) const override {
    return std::make_unique<PolySimulatorClient>(transport, clock, std::move(host_clock),
                                                 std::move(login), std::move(settings));
  }

  std::unique_ptr<PushLogin> MakePushLogin(
      const Login& login, ClientSettings settings, HttpTransport& transport, Clock& /*clock*/,
      std::shared_ptr<UpstreamClock> /*host_clock*/) const override {
    return std::make_unique<PolySimulatorPush>(transport, login, std::move(settings));
  }
};

}  // namespace

const Venue& TheVenue() {
  static const PolySimulatorVenue venue;
  return venue;
}

}  // namespace polysimulator

BaseUrl NormalizePolySimulatorUrl(BaseUrl url) {
  constexpr std::string_view kVersion = "/v1";
  if (url.path_prefix.ends_with(kVersion)) {
    url.path_prefix.resize(url.path_prefix.size() - kVersion.size());
  }
  return url;
}

}  // namespace balance
