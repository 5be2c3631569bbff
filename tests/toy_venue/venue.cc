#include "tests/toy_venue/venue.h"

#include <string>
#include <utility>

#include "tests/toy_venue/toy_client.h"

namespace balance::toy {
namespace {

VenueFacts Facts() {
  return {.kind = kKind,
          .key = "toy",
          .name = kName,
          .base_url = "https://api.toy.example",
          .route = kFundsPath,
          .measures = {Measure::kCash, Measure::kEquity},
          .money = {.fund_class = FundClass::kSimulatedMoney, .is_fixed = true},
          .login = {{.key = "account",
                     .variable = "TOY_ACCOUNT",
                     .words = "account name",
                     .is_key_id = true},
                    {.key = "token", .variable = "TOY_TOKEN", .words = "token"},
                    {.key = "passphrase", .variable = "TOY_PASSPHRASE", .words = "passphrase"}},
          .base_url_variable = "TOY_BASE_URL",
          .fund_class_variable = {},
          .rate = {.requests_per_second = 5, .burst = 3}};
}

class ToyVenue final : public Venue {
 public:
  ToyVenue() : Venue(Facts()) {}

  LoginParts ReadLogin(std::span<const std::string_view> texts) const override {
    LoginParts parts;
    parts.key_id = texts[0];
    if (!texts[1].empty() && !texts[1].starts_with("toy_")) {
      parts.remarks.push_back(
          {1, true, "does not begin with toy_", "store the token as Toy Exchange shows it"});
    }
    if (texts[1].empty() || texts[2].empty()) return parts;
    std::string joined = std::string(texts[1]).append(1, kSecretSeparator).append(texts[2]);
    parts.secret = std::make_shared<const Secret>(joined);
    Wipe(joined);
    return parts;
  }

  std::unique_ptr<BalanceSource> MakeClient(
      std::shared_ptr<const Login> login, ClientSettings settings, HttpTransport& transport,
      Clock& clock, std::shared_ptr<UpstreamClock> host_clock) const override {
    return std::make_unique<ToyClient>(transport, clock, std::move(host_clock), *login,
                                       std::move(settings));
  }
};

}  // namespace

const Venue& TheVenue() {
  static const ToyVenue venue;
  return venue;
}

}  // namespace balance::toy
