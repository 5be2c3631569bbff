// What a running server may take over, given what it keeps until it is started again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ca.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

constexpr const char* kTokenHash =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
constexpr const char* kLoopback = "127.0.0.1:50051";
constexpr const char* kNetwork = "0.0.0.0:50051";

class ReloadConfigTest : public testing::Test {
 protected:
  ReloadConfigTest() {
    const TestCa ca;
    const TestCertificate server = ca.Issue({.dns_names = {"server"}});
    tls_ = {files_.Write("tls.crt", server.cert_pem), files_.Write("tls.key", server.key_pem),
            files_.Write("ca.crt", ca.cert_pem()), true};
    files_.Write("tokens", kTokenHash);
  }

  // Five lines with one good source, TLS on lines 6 to 9, then `more`.
  std::string WithTls(const std::string& more = "") const {
    return std::string(kOneSource) + "tls:\n  certificate_file: " + tls_.certificate_file +
           "\n  private_key_file: " + tls_.private_key_file +
           "\n  client_ca_file: " + tls_.client_ca_file + "\n" + more;
  }
  std::string TokenCaller() const {
    return "callers: [{id: b, token_file: " + files_.PathOf("tokens") + ", accounts: ['*']}]\n";
  }

  const ConfigFiles files_;
  TlsSettings tls_;
};

TEST_F(ReloadConfigTest, NoCallersInPlaceOfSomeTakeARestart) {
  EXPECT_THAT(files_.ProblemsOfReload(kOneSource, {kLoopback, {}, true}),
              ElementsAre("config.yaml: callers: is missing, which would let everybody in; put the "
                          "callers back, or restart to let everybody in"));
  EXPECT_THAT(files_.ProblemsOfReload(kOneSource, {kLoopback, {}, false}), IsEmpty());
  EXPECT_THAT(files_.ProblemsOfReload(kOneSource + TokenCaller(), {kLoopback, {}, true}),
              IsEmpty());
}

TEST_F(ReloadConfigTest, TlsFilesInForceAreNotJudged) {
  files_.Write("tls.key", TestCa().Issue({}).key_pem);
  files_.Write("ca.crt", "");
  FileStates read;

  const auto config = files_.Reload(WithTls(), {kLoopback, tls_, false}, &read);

  EXPECT_TRUE(config) << config.error().front().ToString();
  EXPECT_THAT(read, ElementsAre(Key(files_.PathOf("config.yaml"))));
}

TEST_F(ReloadConfigTest, OtherTlsFilesAreJudgedAndWatched) {
  files_.Write("tls.key", TestCa().Issue({}).key_pem);
  TlsSettings others = tls_;
  others.client_ca_file.clear();

  for (const std::optional<TlsSettings>& tls : {std::optional(others), {}}) {
    FileStates read;
    const auto config = files_.Reload(WithTls(), {kLoopback, tls, false}, &read);

    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().front().ToString(), HasSubstr("tls.private_key_file: the key in "));
    EXPECT_THAT(read, AllOf(testing::Contains(Key(tls_.certificate_file)),
                            testing::Contains(Key(tls_.private_key_file)),
                            testing::Contains(Key(tls_.client_ca_file))));
  }
}

TEST_F(ReloadConfigTest, TokensStayOffThePlaintextThatIsInForce) {
  EXPECT_THAT(files_.ProblemsOfReload(WithTls(TokenCaller()), {kNetwork, {}, false}),
              ElementsAre("config.yaml:10: callers[0].token_file: would send tokens in plaintext "
                          "over a network until a restart; restart with these settings"));
  EXPECT_THAT(files_.ProblemsOfReload(kOneSource + TokenCaller(), {kNetwork, {}, false}),
              ElementsAre("config.yaml:6: callers[0].token_file: would send tokens in plaintext "
                          "over a network until a restart; restart with these settings"));
  EXPECT_THAT(files_.ProblemsOfReload(WithTls(TokenCaller()), {kNetwork, tls_, false}), IsEmpty());
  EXPECT_THAT(files_.ProblemsOfReload(WithTls(TokenCaller()), {kLoopback, {}, false}), IsEmpty());
}

TEST_F(ReloadConfigTest, CertificatesNeedAServerThatAsksForThemAlready) {
  const std::string caller = "callers: [{id: b, dns_name: d, accounts: ['*']}]\n";
  TlsSettings without_cas = tls_;
  without_cas.client_ca_file.clear();

  for (const std::optional<TlsSettings>& tls : {std::optional(without_cas), {}}) {
    EXPECT_THAT(files_.ProblemsOfReload(WithTls(caller), {kLoopback, tls, false}),
                ElementsAre("config.yaml:10: callers[0].dns_name: needs the certificates of "
                            "clients, which nobody asks for until a restart; restart with these "
                            "settings"));
  }
  EXPECT_THAT(files_.ProblemsOfReload(WithTls(caller), {kLoopback, tls_, false}), IsEmpty());
}

TEST_F(ReloadConfigTest, FilesAreToldAsTheyWereBeforeTheyWereRead) {
  const std::string yaml = kOneSource + TokenCaller();
  FileStates read;

  ASSERT_TRUE(files_.Reload(yaml, {kLoopback, {}, true}, &read));

  EXPECT_EQ(read, StatesOf({files_.PathOf("config.yaml"), files_.PathOf("tokens")}));
  EXPECT_TRUE(read.at(files_.PathOf("tokens")));
}

}  // namespace
}  // namespace balance
