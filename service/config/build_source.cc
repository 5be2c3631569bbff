#include "service/config/build_source.h"

#include <utility>

#include "clients/core/ascii.h"
#include "clients/polymarket_us/signing_key.h"
#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "service/config/placeholder.h"
#include "service/config/settings.h"

namespace balance {
namespace {

constexpr std::size_t kLongestPool = 200;

bool IsProduction(BaseUrl url) {
  const auto production = ParseBaseUrl(ConfigDefaults::kPolymarketUsBaseUrl);
  // The same host, written as one of the root of all names.
  if (url.host.ends_with('.')) url.host.pop_back();
  return production && url.tls && url.Authority() == production->Authority();
}

// The longest end of `prefix` that is a part of `route` from or to one of its ends: requests would
// have it twice. Empty if there is none. Both consist of segments such as "/v1".
std::string_view SharedWithRoute(std::string_view prefix, std::string_view route) {
  for (std::string_view head = route; !head.empty(); head = head.substr(0, head.rfind('/'))) {
    if (prefix.ends_with(head)) return head;
  }
  const std::string_view without_version = route.substr(route.find('/', 1));
  return prefix.ends_with(without_version) ? without_version : std::string_view();
}

}  // namespace

SourceBuilder::SourceBuilder(ConfigDocument& document, const EnvLookup& env)
    : document_(document),
      secrets_(document, env),
      cache_(ReadCache(document.message().cache(), "cache", DefaultCache(), document)),
      upstream_(ReadUpstream(document.message().upstream(), "upstream", {}, document)) {}

SourceConfig SourceBuilder::Build(const std::string& account, const config::v1::Source& source,
                                  const std::string& path) {
  SourceConfig result;
  result.info.account = account;
  result.info.source = source.id();
  result.info.cache = ReadCache(source.cache(), path + ".cache", cache_, document_);
  result.upstream = ReadUpstream(source.upstream(), path + ".upstream", upstream_, document_);
  result.info.rate = result.upstream.rate;
  result.info.pool = ReadPool(source.pool(), path + ".pool");
  BuildVenue(source, path, result);
  return result;
}

void SourceBuilder::BuildVenue(const config::v1::Source& source, const std::string& path,
                               SourceConfig& result) {
  switch (source.venue_case()) {
    case config::v1::Source::kPolymarketUs:
      return BuildPolymarketUs(source, path, result);
    case config::v1::Source::kPolysimulator:
      return BuildPolySimulator(source, path, result);
    case config::v1::Source::VENUE_NOT_SET:
      break;
  }
  if (document_.HasIssue(path) || document_.IsIncomplete(path)) return;
  document_.AddIssue(path, "names no venue", "add polymarket_us or polysimulator");
}

void SourceBuilder::BuildPolymarketUs(const config::v1::Source& source, const std::string& path,
                                      SourceConfig& result) {
  const config::v1::PolymarketUs& venue = source.polymarket_us();
  const std::string venue_path = path + ".polymarket_us";
  PolymarketUsLogin login;
  const std::string url_path = venue_path + ".base_url";
  login.base_url = ReadBaseUrl(venue.base_url(), ConfigDefaults::kPolymarketUsBaseUrl, url_path);
  if (const auto key_id =
          secrets_.Load(venue.key_id(), venue.has_key_id(), venue_path + ".key_id")) {
    login.key_id = key_id->Expose();
  }
  const std::string secret_path = venue_path + ".secret_key";
  if (const auto text = secrets_.Load(venue.secret_key(), venue.has_secret_key(), secret_path)) {
    constexpr const char* kRemedy = "store the secret key as Polymarket US shows it";
    if (auto key = DecodeSecretKey(text->Expose())) {
      login.seed = std::make_shared<const Secret>(std::move(key->seed));
      if (key->repeats_seed) {
        document_.AddWarning(secret_path, "holds its seed twice, instead of seed and public key",
                             kRemedy);
      }
    } else {
      document_.AddIssue(secret_path, key.error().message, kRemedy);
    }
  }

  result.info.kind = SourceKind::kPolymarketUs;
  result.info.measures.assign(polymarket_us::kMeasures.begin(), polymarket_us::kMeasures.end());
  result.info.fund_class = source.fund_class() == config::v1::SIMULATED_MONEY
                               ? FundClass::kSimulatedMoney
                               : FundClass::kRealMoney;
  // Skip if base_url is malformed: the default in its place would be judged instead.
  if (document_.IsGiven(url_path) || document_.IsAbsent(url_path)) {
    CheckFundClass(result.info.fund_class, IsProduction(login.base_url), path + ".fund_class");
  }
  RefuseRoute(login.base_url, polymarket_us::kBalancesPath, url_path);
  result.login = std::move(login);
}

void SourceBuilder::CheckFundClass(FundClass fund_class, bool production, const std::string& path) {
  if (!production && document_.IsAbsent(path)) {
    document_.AddIssue(path, "is missing, although base_url is not the production one",
                       "set it to REAL_MONEY or SIMULATED_MONEY");
  }
  if (production && fund_class == FundClass::kSimulatedMoney) {
    document_.AddIssue(path, "the production Polymarket US is never SIMULATED_MONEY",
                       "remove it, or write REAL_MONEY");
  }
}

void SourceBuilder::BuildPolySimulator(const config::v1::Source& source, const std::string& path,
                                       SourceConfig& result) {
  const config::v1::PolySimulator& venue = source.polysimulator();
  const std::string venue_path = path + ".polysimulator";
  PolySimulatorLogin login;
  const std::string url_path = venue_path + ".base_url";
  login.base_url = NormalizePolySimulatorUrl(
      ReadBaseUrl(venue.base_url(), ConfigDefaults::kPolySimulatorBaseUrl, url_path));
  RefuseRoute(login.base_url, polysimulator::kBalancePath, url_path);
  if (const auto api_key =
          secrets_.Load(venue.api_key(), venue.has_api_key(), venue_path + ".api_key")) {
    login.api_key = std::make_shared<const Secret>(api_key->Expose());
  }

  result.info.kind = SourceKind::kPolySimulator;
  result.info.measures.assign(polysimulator::kMeasures.begin(), polysimulator::kMeasures.end());
  result.info.fund_class = FundClass::kSimulatedMoney;
  if (source.fund_class() == config::v1::REAL_MONEY) {
    document_.AddIssue(path + ".fund_class", "PolySimulator is never REAL_MONEY",
                       "remove it, or write SIMULATED_MONEY");
  }
  result.login = std::move(login);
}

BaseUrl SourceBuilder::ReadBaseUrl(const std::string& given, const char* standard,
                                   const std::string& path) {
  auto url = ParseBaseUrl(document_.IsGiven(path) ? given : standard);
  if (url) return *std::move(url);
  // Says what is wrong, in some cases with a remedy behind a semicolon.
  const std::string& message = url.error().message;
  const auto semicolon = message.find("; ");
  document_.AddIssue(path, message.substr(0, semicolon),
                     semicolon == std::string::npos ? std::string("write it such as ") + standard
                                                    : message.substr(semicolon + 2));
  return {};
}

void SourceBuilder::RefuseRoute(const BaseUrl& url, std::string_view route,
                                const std::string& path) {
  const std::string shared(SharedWithRoute(url.path_prefix, route));
  if (shared.empty()) return;
  document_.AddIssue(path, "ends in " + shared + ", which the service adds itself",
                     "leave " + shared + " out");
}

std::string SourceBuilder::ReadPool(const std::string& given, const std::string& path) {
  if (!document_.IsGiven(path)) return {};
  if (given.size() > kLongestPool || !IsAsciiWord(given)) {
    document_.AddIssue(path, "is not a name",
                       "write 1 to 200 printable ASCII characters without spaces");
  } else if (IsPlaceholder(given)) {
    document_.AddIssue(path, kPlaceholderProblem, "write the name itself");
  }
  return given;
}

}  // namespace balance
