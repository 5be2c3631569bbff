#include "service/access/access_rules.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace balance {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{seconds(1'800'000'000)};

TokenHash HashOf(std::string_view token, WallTime expire_time = WallTime::max()) {
  TokenHash hash;
  crypto_hash_sha256(hash.sha256.data(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  hash.expire_time = expire_time;
  return hash;
}

CallerRule Rule(std::string id, decltype(CallerRule::identity) identity) {
  CallerRule rule;
  rule.id = std::move(id);
  rule.identity = std::move(identity);
  return rule;
}

AccessRules ThreeCallers() {
  return AccessRules({
      Rule("bot", SpiffeId{"spiffe://desk.example/bot"}),
      Rule("risk", DnsName{"risk.desk.example"}),
      Rule("dashboard", BearerTokens{"", {HashOf("old", kNow + seconds(1)), HashOf("new")}}),
  });
}

using Words = std::vector<std::string_view>;

struct Shown {
  Words uris;
  Words dns_names;
  Words authorizations;
  bool has_certificate = true;
};

// The id of the caller, or the refusal's number.
std::string Identified(const AccessRules& rules, const Shown& shown, WallTime now = kNow) {
  const auto found = rules.Identify(
      {shown.has_certificate, shown.uris, shown.dns_names, shown.authorizations}, now);
  if (const auto* caller = std::get_if<const CallerRule*>(&found)) return (*caller)->id;
  switch (std::get<AccessRefusal>(found)) {
    case AccessRefusal::kNothingShown:
      return "nothing shown";
    case AccessRefusal::kMalformedAuthorization:
      return "malformed authorization";
    case AccessRefusal::kUnknownToken:
      return "unknown token";
    case AccessRefusal::kExpiredToken:
      return "expired token";
    case AccessRefusal::kAmbiguousCertificate:
      return "ambiguous certificate";
    case AccessRefusal::kUnknownCertificate:
      return "unknown certificate";
    default:
      return "unexpected";
  }
}

Shown Token(std::string_view authorization) { return {{}, {}, {authorization}, false}; }

TEST(AccessRulesTest, CallersAreKnownByTheOnlyNameInTheirCertificate) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/bot"}, {}, {}}), "bot");
  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/bot"}, {"a", "b"}, {}}), "bot");
  EXPECT_EQ(Identified(rules, {{}, {"risk.desk.example"}, {}}), "risk");
  EXPECT_EQ(Identified(rules, {{}, {"RISK.desk.example"}, {}}), "risk");
}

TEST(AccessRulesTest, CertificatesOfSeveralNamesSayNothing) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/bot", "spiffe://desk.example/x"}, {}, {}}),
            "ambiguous certificate");
  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/bot", "https://x"}, {}, {}}),
            "ambiguous certificate");
  EXPECT_EQ(Identified(rules, {{"https://desk.example/bot"}, {"risk.desk.example"}, {}}),
            "ambiguous certificate");
  EXPECT_EQ(Identified(rules, {{}, {"risk.desk.example", "x"}, {}}), "ambiguous certificate");
  EXPECT_EQ(Identified(rules, {}), "ambiguous certificate");
}

TEST(AccessRulesTest, CertificatesOfStrangersAreUnknown) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/bot2"}, {}, {}}), "unknown certificate");
  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/BOT"}, {}, {}}), "unknown certificate");
  EXPECT_EQ(Identified(rules, {{"spiffe://desk.example/x"}, {"risk.desk.example"}, {}}),
            "unknown certificate");
  EXPECT_EQ(Identified(rules, {{}, {"x.risk.desk.example"}, {}}), "unknown certificate");
}

TEST(AccessRulesTest, BothTokensOfARotationCount) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, Token("Bearer old")), "dashboard");
  EXPECT_EQ(Identified(rules, Token("bearer new")), "dashboard");
}

TEST(AccessRulesTest, TokensEndAtTheirTime) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, Token("Bearer old"), kNow + seconds(1)), "expired token");
  EXPECT_EQ(Identified(rules, Token("Bearer new"), kNow + seconds(1)), "dashboard");
}

TEST(AccessRulesTest, OtherTokensAreUnknown) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, Token("Bearer ne")), "unknown token");
  EXPECT_EQ(Identified(rules, Token("Bearer new ")), "unknown token");
  EXPECT_EQ(Identified(rules, Token("Bearer NEW")), "unknown token");
}

TEST(AccessRulesTest, AuthorizationIsOneBearerToken) {
  const AccessRules rules = ThreeCallers();

  EXPECT_EQ(Identified(rules, Token("")), "malformed authorization");
  EXPECT_EQ(Identified(rules, Token("Bearer")), "malformed authorization");
  EXPECT_EQ(Identified(rules, Token("Bearer ")), "malformed authorization");
  EXPECT_EQ(Identified(rules, Token("Basic new")), "malformed authorization");
  EXPECT_EQ(Identified(rules, {{}, {}, {"Bearer new", "Bearer old"}, false}),
            "malformed authorization");
}

TEST(AccessRulesTest, ATokenDecidesWhateverTheCertificateSays) {
  const AccessRules rules = ThreeCallers();
  const Words bot = {"spiffe://desk.example/bot"};

  EXPECT_EQ(Identified(rules, {bot, {}, {"Bearer new"}}), "dashboard");
  EXPECT_EQ(Identified(rules, {bot, {}, {"Bearer x"}}), "unknown token");
}

TEST(AccessRulesTest, WhoShowsNothingIsNobody) {
  EXPECT_EQ(Identified(ThreeCallers(), {{}, {}, {}, false}), "nothing shown");
}

TEST(AccessRulesTest, OnlyWithoutRulesIsEverybodyLetIn) {
  EXPECT_TRUE(AccessRules({}).AreOpen());
  EXPECT_FALSE(ThreeCallers().AreOpen());
}

TEST(CallerRuleTest, SeesItsAccountsOnly) {
  CallerRule rule;
  rule.accounts = {"desk-1"};

  EXPECT_TRUE(rule.MaySee("desk-1"));
  EXPECT_FALSE(rule.MaySee("desk-2"));
  EXPECT_FALSE(rule.MaySee(""));

  rule.all_accounts = true;
  EXPECT_TRUE(rule.MaySee("desk-2"));
}

TEST(CallerRuleTest, UsesItsMethodsOnly) {
  CallerRule rule;
  EXPECT_FALSE(rule.MayUse(RpcMethod::kListSources));

  rule.methods.set(static_cast<std::size_t>(RpcMethod::kListSources));
  EXPECT_TRUE(rule.MayUse(RpcMethod::kListSources));
  EXPECT_FALSE(rule.MayUse(RpcMethod::kGetAccountSnapshot));
}

}  // namespace
}  // namespace balance
