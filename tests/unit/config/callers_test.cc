#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "service/config/print_config.h"
#include "service/config/read_file.h"
#include "tests/support/test_ca.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";

// With files for TLS.
class CallerFiles : public ConfigFiles {
 public:
  CallerFiles() {
    const TestCa ca;
    const TestCertificate server = ca.Issue({.dns_names = {"server"}});
    Write("tls.crt", server.cert_pem);
    Write("tls.key", server.key_pem);
    Write("ca.crt", ca.cert_pem());
  }

  // Five lines with one good source, then TLS with CAs of clients on lines 6 to 9.
  std::string WithTls(const std::string& more) const {
    return std::string(kOneSource) + "tls:\n  certificate_file: " + PathOf("tls.crt") +
           "\n  private_key_file: " + PathOf("tls.key") +
           "\n  client_ca_file: " + PathOf("ca.crt") + "\n" + more;
  }
};

struct BadCallers {
  const char* yaml;
  std::string issue;
};

TEST(CallersTest, IdentitiesAccountsAndMethods) {
  const CallerFiles files;
  const std::string tokens = files.Write("tokens", kHash);
  const auto config = files.Load(
      files.WithTls("callers:\n"
                    "- {id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: [desk-1]}\n"
                    "- {id: risk, dns_name: risk.desk.example, accounts: ['*']}\n"
                    "- {id: board, token_file: " +
                    tokens + ", accounts: [desk-1], methods: [GetAccountSnapshot]}\n"));

  ASSERT_TRUE(config) << config.error().front().ToString();
  ASSERT_EQ(config->callers.size(), 3U);
  EXPECT_EQ(std::get<SpiffeId>(config->callers[0].identity).uri, "spiffe://desk.example/bot");
  EXPECT_TRUE(config->callers[0].MaySee("desk-1"));
  EXPECT_TRUE(config->callers[0].methods.all());
  EXPECT_TRUE(config->callers[1].all_accounts);
  EXPECT_EQ(std::get<BearerTokens>(config->callers[2].identity).hashes.size(), 1U);
  EXPECT_EQ(config->callers[2].methods.count(), 1U);
  EXPECT_TRUE(config->callers[2].MayUse(RpcMethod::kGetAccountSnapshot));
}

TEST(CallersTest, ReflectionIsOffWithCallersUnlessAskedFor) {
  const CallerFiles files;
  const std::string callers =
      "callers: [{id: bot, spiffe_id: 'spiffe://d/bot', accounts: ['*']}]\n";

  const auto open = files.Load(kOneSource);
  const auto closed = files.Load(files.WithTls(callers));
  const auto asked = files.Load(files.WithTls(callers + "server: {reflection: true}\n"));
  const auto off = files.Load(std::string(kOneSource) + "server: {reflection: false}\n");

  EXPECT_TRUE(open->server.reflection);
  EXPECT_FALSE(closed->server.reflection);
  EXPECT_TRUE(asked->server.reflection);
  EXPECT_FALSE(off->server.reflection);
}

constexpr const char* kNoSpiffeId =
    "is no SPIFFE id of a caller, so no certificate could ever match it; write it whole, as "
    "spiffe://trust.domain/path: segments of letters, digits and -._ without wildcards, none "
    "empty, no slash at the end";

TEST(CallersTest, M138_SpiffeIdsThatCouldNeverMatchAreRefused) {
  const CallerFiles files;
  for (const char* id :
       {"spiffe://desk.example/*", "spiffe://desk.example/bot*", "spiffe://desk.example/bot/",
        "spiffe://desk.example//bot", "spiffe://desk.example/a//b", "spiffe://desk.example/./bot",
        "spiffe://desk.example/../bot", "spiffe://desk.example/bot/..", "spiffe://desk.example/",
        "spiffe://desk.example", "spiffe:///bot", "spiffe://Desk.example/bot",
        "spiffe://desk.example:443/bot", "spiffe://user@desk.example/bot",
        "spiffe://desk.example/b%6ft", "spiffe://desk.example/bot?x", "spiffe://desk.example/bot#x",
        "SPIFFE://desk.example/bot", "spiffe://desk.example/b\xC3\xB6t"}) {
    EXPECT_THAT(files.Problems(files.WithTls(std::string("callers: [{id: b, spiffe_id: '") + id +
                                             "', accounts: ['*']}]\n")),
                ElementsAre(std::string("config.yaml:10: callers[0].spiffe_id: ") + kNoSpiffeId))
        << id;
  }
}

TEST(CallersTest, SpiffeIdsByTheStandardAreTaken) {
  const CallerFiles files;
  for (const char* id :
       {"spiffe://d/b", "spiffe://example.org/ns/trading/sa/trading-bot",
        "spiffe://trust_domain-1.example/A.b_C-9", "spiffe://d/...", "spiffe://d/.a"}) {
    EXPECT_THAT(files.Problems(files.WithTls(std::string("callers: [{id: b, spiffe_id: '") + id +
                                             "', accounts: ['*']}]\n")),
                testing::IsEmpty())
        << id;
  }
}

TEST(CallersTest, M138_DnsNamesThatCouldNeverMatchAreRefused) {
  const CallerFiles files;
  for (const std::string& name : {std::string("a..b"), std::string("-a.example"),
                                  std::string("a-.example"), std::string(".a"), std::string("a."),
                                  std::string("*.a"), std::string(64, 'a') + ".example"}) {
    EXPECT_THAT(files.Problems(files.WithTls("callers: [{id: b, dns_name: '" + name +
                                             "', accounts: ['*']}]\n")),
                ElementsAre("config.yaml:10: callers[0].dns_name: is no DNS name; write the whole "
                            "name in lower case, without wildcards"))
        << name;
  }
}

TEST(CallersTest, WhatIsWrongWithOneIsNamed) {
  const CallerFiles files;
  const BadCallers cases[] = {
      {"callers: []",
       "callers: has no entry, which would let everybody in; add a caller, or leave "
       "it out to let everybody in"},
      {"callers: [{id: b, accounts: ['*']}]",
       "callers[0]: does not say how the caller is known; add one of: spiffe_id, dns_name, "
       "token_file"},
      {"callers: [{id: B, spiffe_id: 'spiffe://d/b', accounts: ['*']}]",
       "callers[0].id: is not an id; use at most 63 lower-case letters, digits and hyphens inside"},
      {"callers: [{id: b, spiffe_id: 'https://d/b', accounts: ['*']}]",
       std::string("callers[0].spiffe_id: ") + kNoSpiffeId},
      {"callers: [{id: b, dns_name: '*.d', accounts: ['*']}]",
       "callers[0].dns_name: is no DNS name; write the whole name in lower case, without "
       "wildcards"},
      {"callers: [{id: b, dns_name: d}]",
       "callers[0].accounts: has no entry; list ids of accounts, or write [\"*\"] for all"},
      {"callers: [{id: b, dns_name: d, accounts: [desk-2]}]",
       "callers[0].accounts[0]: is not a configured account; did you mean desk-1?"},
      {"callers: [{id: b, dns_name: d, accounts: [desk-1, '*']}]",
       "callers[0].accounts[1]: means all accounts, but others are listed beside it; keep either"},
      {"callers: [{id: b, dns_name: d, accounts: ['*'], methods: [Get]}]",
       "callers[0].methods[0]: is no method of BalanceService; use: GetAccountSnapshot, "
       "GetSourceBalance, BatchGetAccountSnapshots, ListAccountSnapshots, ListSources, "
       "WatchAccountSnapshots"},
      {"callers: [{id: b, dns_name: d, accounts: ['*'], methods: []}]",
       "callers[0].methods: has no entry; leave it out to allow all methods"},
      {"callers: [{id: b, dns_name: d, accounts: ['*']}, {id: b, dns_name: e, accounts: ['*']}]",
       "callers[1].id: is used twice, first on line 10; keep one caller for it"},
      {"callers: [{id: b, dns_name: d, accounts: ['*']}, {id: c, dns_name: d, accounts: ['*']}]",
       "callers[1].dns_name: is used twice, first on line 10; keep one caller for it"},
      {"callers: [{id: b, token_file: /none/such, accounts: ['*']}]",
       "callers[0].token_file: the file cannot be read: No such file or directory; name a "
       "readable file of hashes"},
  };
  for (const BadCallers& bad : cases) {
    EXPECT_THAT(files.Problems(files.WithTls(bad.yaml + std::string("\n"))),
                ElementsAre(std::string("config.yaml:10: ") + bad.issue))
        << bad.yaml;
  }
}

TEST(CallersTest, CertificatesNeedSomebodyWhoAsksForThem) {
  const CallerFiles files;

  EXPECT_THAT(files.Problems(std::string(kOneSource) +
                             "callers: [{id: b, dns_name: d, accounts: ['*']}]\n"),
              ElementsAre("config.yaml:6: callers[0].dns_name: needs the certificates of clients, "
                          "which nobody asks for; set tls.client_ca_file, or use token_file"));
}

TEST(CallersTest, TokensStayOffPlaintextNetworks) {
  const CallerFiles files;
  const std::string callers =
      "callers: [{id: b, token_file: " + files.Write("tokens", kHash) + ", accounts: ['*']}]\n";

  EXPECT_THAT(files.Problems(kOneSource + callers), IsEmpty());
  EXPECT_THAT(files.Problems(kOneSource + callers + "listen: 0.0.0.0:1\nallow_insecure: true\n"),
              ElementsAre("config.yaml:6: callers[0].token_file: would send tokens in plaintext "
                          "over a network; set tls"));
}

TEST(CallersTest, ATokenFileThatOthersCanWriteIsRefused) {
  const CallerFiles files;
  const auto problems = [&files](mode_t mode) {
    return files.Problems(std::string(kOneSource) + "callers: [{id: b, token_file: " +
                          files.Write("tokens", kHash, mode) + ", accounts: ['*']}]\n");
  };

  EXPECT_THAT(problems(0644), IsEmpty());
  EXPECT_THAT(problems(0660), IsEmpty());
  EXPECT_THAT(problems(0606),
              ElementsAre("config.yaml:6: callers[0].token_file: the file can be written by "
                          "others, who could let anybody in; take that away, such as with chmod "
                          "go-w"));
}

TEST(FileContentTest, TheGroupThatWeRunAsMayWrite) {
  EXPECT_FALSE((FileContent{"", 0660, getegid()}).IsWritableByOthers());
  EXPECT_TRUE((FileContent{"", 0660, getegid() + 1}).IsWritableByOthers());
  EXPECT_FALSE((FileContent{"", 0640, getegid() + 1}).IsWritableByOthers());
}

TEST(CallersTest, AFileThatHoldsATokenItselfIsRefusedUnquoted) {
  const CallerFiles files;
  const std::string path = files.Write("tokens", "the-token-itself\n");

  EXPECT_THAT(files.Problems(std::string(kOneSource) + "callers: [{id: b, token_file: " + path +
                             ", accounts: ['*']}]\n"),
              ElementsAre("config.yaml:6: callers[0].token_file: line 1 of the file holds no "
                          "SHA-256; write the SHA-256 of a token in hexadecimal, as printf %s "
                          "\"$TOKEN\" | sha256sum prints it"));
}

TEST(TlsSettingsTest, ReplacesAllowInsecure) {
  const CallerFiles files;
  const auto config = files.Load(files.WithTls("listen: 0.0.0.0:50051\n"));

  ASSERT_TRUE(config);
  EXPECT_EQ(config->tls->client_ca_file, files.PathOf("ca.crt"));
  EXPECT_TRUE(config->tls->require_client_certificate);
}

TEST(TlsSettingsTest, WhatIsMissingIsNamed) {
  const CallerFiles files;
  const std::string good = kOneSource;

  EXPECT_THAT(files.Problems(good + "tls: {certificate_file: c}\n"),
              ElementsAre("config.yaml:6: tls.private_key_file: names no file; name the PEM file "
                          "of the certificate's key"));
  EXPECT_THAT(files.Problems(good + "tls: {private_key_file: k}\n"),
              ElementsAre("config.yaml:6: tls.certificate_file: names no file; name the PEM file "
                          "of the server's certificate"));
  EXPECT_THAT(
      files.Problems(
          good + "tls: {certificate_file: c, private_key_file: k, client_certificate: OPTIONAL}\n"),
      ElementsAre("config.yaml:6: tls.client_certificate: needs tls.client_ca_file; name "
                  "the PEM file of the clients' CAs there"));
}

TEST(TlsSettingsTest, FilesThatCannotServeAreNamedWithTheirLines) {
  const CallerFiles files;
  files.Write("tls.key", TestCa().Issue({}).key_pem);
  files.Write("ca.crt", "");

  EXPECT_THAT(files.Problems(files.WithTls("")),
              ElementsAre(AllOf(StartsWith("config.yaml:8: tls.private_key_file: the key in "),
                                HasSubstr("does not fit the first certificate in ")),
                          AllOf(StartsWith("config.yaml:9: tls.client_ca_file: "),
                                HasSubstr("holds no certificate in PEM"))));
}

TEST(CallersTest, PrintedConfigurationIsReadAgainAsItWas) {
  const CallerFiles files;
  const std::string tokens = files.Write("tokens", kHash);
  const auto config = files.Load(files.WithTls(
      "callers:\n"
      "- {id: bot, spiffe_id: 'spiffe://d/bot', accounts: [desk-1], methods: [ListSources]}\n"
      "- {id: board, token_file: " +
      tokens + ", accounts: ['*']}\n"));
  ASSERT_TRUE(config);
  const std::string printed = PrintConfig(*config);
  std::string unmasked = printed;
  const std::string mask = "***";
  unmasked.replace(unmasked.rfind(mask), mask.size(), kApiKey);

  const auto again = files.Load(unmasked);

  ASSERT_TRUE(again) << again.error().front().ToString();
  EXPECT_EQ(again->callers, config->callers);
  EXPECT_THAT(printed, HasSubstr("client_certificate: REQUIRED"));
  EXPECT_EQ(PrintConfig(*again), printed);
}

}  // namespace
}  // namespace balance
