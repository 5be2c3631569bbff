#include "service/config/build_source.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "clients/core/ascii.h"
#include "service/config/config_block.h"
#include "service/config/fund_class_name.h"
#include "service/config/placeholder.h"
#include "service/config/settings.h"

namespace balance {
namespace {

constexpr std::size_t kLongestPool = 200;

bool IsProduction(const VenueFacts& venue, BaseUrl url) {
  const auto production = ParseBaseUrl(venue.base_url);
  // The same host, written as one of the root of all names.
  if (url.host.ends_with('.')) url.host.pop_back();
  return production && url.tls == production->tls && url.Authority() == production->Authority();
}

FundClass Other(FundClass fund_class) {
  return fund_class == FundClass::kRealMoney ? FundClass::kSimulatedMoney : FundClass::kRealMoney;
}

FundClass FundClassOf(config::v1::FundClass given, FundClass standard) {
  switch (given) {
    case config::v1::REAL_MONEY:
      return FundClass::kRealMoney;
    case config::v1::SIMULATED_MONEY:
      return FundClass::kSimulatedMoney;
    default:
      return standard;
  }
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
  result.venue = FindVenue(document_.venues(), source.login().venue());
  result.upstream =
      ReadUpstream(source.upstream(), path + ".upstream", BaseOf(result.venue), document_);
  result.info.rate = result.upstream.rate;
  result.info.push = ReadPush(source.push(), path, result.venue, result.info.cache.ttl, document_);
  result.info.pool = ReadPool(source.pool(), path + ".pool");
  BuildVenue(source, path, result);
  return result;
}

UpstreamSettings SourceBuilder::BaseOf(const Venue* venue) const {
  UpstreamSettings base = upstream_;
  if (!venue) return base;
  const RateSettings& rate = venue->facts().rate;
  if (!document_.IsGiven("upstream.requests_per_second")) {
    base.rate.requests_per_second = rate.requests_per_second;
  }
  if (!document_.IsGiven("upstream.burst")) base.rate.burst = rate.burst;
  return base;
}

void SourceBuilder::BuildVenue(const config::v1::Source& source, const std::string& path,
                               SourceConfig& result) {
  if (!result.venue) {
    if (document_.HasIssue(path) || document_.IsIncomplete(path)) return;
    document_.AddIssue(path, "names no venue", "add " + VenueKeys(document_.venues()));
    return;
  }
  const VenueFacts& venue = result.venue->facts();
  result.info.kind = venue.kind;
  result.info.measures = venue.measures;
  const std::string login_path = path + "." + std::string(venue.key);
  const std::string url_path = login_path + ".base_url";
  result.login.base_url = result.venue->Normalize(
      ReadBaseUrl(source.login().base_url(), std::string(venue.base_url), url_path));
  ReadLogin(source.login(), login_path, *result.venue, result.login);
  result.info.fund_class = FundClassOf(source.fund_class(), venue.money.fund_class);
  // Skip if base_url is malformed: the default in its place would be judged instead.
  if (venue.money.is_fixed || document_.IsGiven(url_path) || document_.IsAbsent(url_path)) {
    CheckFundClass(venue, IsProduction(venue, result.login.base_url), path + ".fund_class",
                   result.info.fund_class);
  }
  RefuseRoute(result.login.base_url, venue.route, url_path);
}

void SourceBuilder::ReadLogin(const config::v1::Login& given, const std::string& path,
                              const Venue& venue, Login& login) {
  const std::vector<LoginField>& fields = venue.facts().login;
  const auto path_of = [&](const LoginField& field) { return path + "." + std::string(field.key); };
  std::vector<std::unique_ptr<const SecretText>> loaded;
  std::vector<std::string_view> texts;
  for (const LoginField& field : fields) {
    const auto secret = given.secrets().find(std::string(field.key));
    const bool is_given = secret != given.secrets().end();
    loaded.push_back(
        secrets_.Load(is_given ? secret->second : config::v1::Secret::default_instance(), is_given,
                      path_of(field)));
    texts.push_back(loaded.back() ? loaded.back()->Expose() : std::string_view());
  }
  LoginParts parts = venue.ReadLogin(texts);
  for (LoginRemark& remark : parts.remarks) {
    const std::string field_path = path_of(fields.at(remark.field));
    if (remark.is_refusal) {
      document_.AddIssue(field_path, std::move(remark.problem), std::move(remark.remedy));
    } else {
      document_.AddWarning(field_path, std::move(remark.problem), std::move(remark.remedy));
    }
  }
  login.key_id = std::move(parts.key_id);
  const bool is_whole =
      std::none_of(texts.begin(), texts.end(), [](std::string_view text) { return text.empty(); });
  if (!is_whole) return;
  login.secret = std::move(parts.secret);
  login.key = std::move(parts.key);
}

void SourceBuilder::CheckFundClass(const VenueFacts& venue, bool is_production,
                                   const std::string& path, FundClass& fund_class) {
  if (!venue.money.is_fixed && !is_production && document_.IsAbsent(path)) {
    document_.AddIssue(path, "is missing, although base_url is not the production one",
                       "set it to REAL_MONEY or SIMULATED_MONEY");
  }
  if (!venue.money.is_fixed && !is_production) return;
  const FundClass only = venue.money.fund_class;
  if (fund_class == only) return;
  document_.AddIssue(path,
                     (venue.money.is_fixed ? "" : "the production ") + std::string(venue.name) +
                         " is never " + NameOf(Other(only)),
                     std::string("remove it, or write ") + NameOf(only));
  if (venue.money.is_fixed) fund_class = only;
}

BaseUrl SourceBuilder::ReadBaseUrl(const std::string& given, const std::string& standard,
                                   const std::string& path) {
  auto url = ParseBaseUrl(document_.IsGiven(path) ? given : standard);
  if (url) return *std::move(url);
  // Says what is wrong, in some cases with a remedy behind a semicolon.
  const std::string& message = url.error().message;
  const auto semicolon = message.find("; ");
  document_.AddIssue(path, message.substr(0, semicolon),
                     semicolon == std::string::npos ? "write it such as " + standard
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
