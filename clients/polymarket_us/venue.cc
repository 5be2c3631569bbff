#include "clients/polymarket_us/venue.h"

#include <utility>

#include "clients/core/ascii.h"
#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polymarket_us/polymarket_us_push.h"
#include "clients/polymarket_us/signing_key.h"

namespace balance::polymarket_us {
namespace {

constexpr std::size_t kKeyId = 0;
constexpr std::size_t kSecretKey = 1;

VenueFacts Facts() {
  return {
      .kind = kKind,
      .key = "polymarket_us",
      .name = kName,
      .base_url = kBaseUrl,
      .route = kBalancesPath,
      .measures = {kMeasures.begin(), kMeasures.end()},
      .money = {.fund_class = FundClass::kRealMoney, .is_fixed = false},
      .login =
          {{.key = "key_id", .variable = "POLYMARKET_KEY_ID", .words = "key id", .is_key_id = true},
           {.key = "secret_key", .variable = "POLYMARKET_SECRET_KEY", .words = "secret key"}},
      .base_url_variable = "POLYMARKET_BASE_URL",
      .fund_class_variable = "POLYMARKET_FUND_CLASS",
      .rate = kUsualRate,
      .has_push = true};
}

class PolymarketUsVenue final : public Venue {
 public:
  PolymarketUsVenue() : Venue(Facts()) {}

  LoginParts ReadLogin(std::span<const std::string_view> texts) const override {
    constexpr const char* kRemedy = "store the secret key as Polymarket US shows it";
    LoginParts parts;
    parts.key_id = texts[kKeyId];
    if (texts[kSecretKey].empty()) return parts;
    auto key = DecodeSecretKey(texts[kSecretKey]);
    if (!key) {
      parts.remarks.push_back({kSecretKey, true, std::move(key.error().message), kRemedy});
      return parts;
    }
    if (key->repeats_seed) {
      parts.remarks.push_back(
          {kSecretKey, false, "holds its seed twice, instead of seed and public key", kRemedy});
    }
    parts.secret = key->seed;
    parts.key = std::make_shared<const SigningKey>(*std::move(key));
    return parts;
  }

  std::string CredentialName(const Login& login) const override {
    return ToAsciiLower(login.key_id);
  }

  std::unique_ptr<BalanceSource> MakeClient(
      std::shared_ptr<const Login> login, ClientSettings settings, HttpTransport& transport,
      Clock& clock, std::shared_ptr<UpstreamClock> host_clock) const override {
    return std::make_unique<PolymarketUsClient>(transport, clock, std::move(host_clock),
                                                std::move(login), std::move(settings));
  }

  std::unique_ptr<PushLogin> MakePushLogin(
      const Login& login, ClientSettings settings, HttpTransport& /*transport*/, Clock& clock,
      std::shared_ptr<UpstreamClock> host_clock) const override {
    return std::make_unique<PolymarketUsPush>(clock, std::move(host_clock), login,
                                              std::move(settings));
  }
};

}  // namespace

const Venue& TheVenue() {
  static const PolymarketUsVenue venue;
  return venue;
}

}  // namespace balance::polymarket_us
