// balancectl against the service, by its command line.

#include <gmock/gmock.h>

#include <sstream>

#include "clients/balancectl/run.h"
#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class BalancectlTest : public TlsServiceTest {
 protected:
  BalancectlTest() {
    WriteCertificate("bot", client_);
    mounted_ca_ = mine_.Write("server-ca.pem", ca_.cert_pem());
  }

  void WriteCertificate(const std::string& name, const TestCertificate& certificate) const {
    mine_.Write(name + ".pem", certificate.cert_pem);
    mine_.Write(name + ".key", certificate.key_pem);
  }

  std::vector<std::string> As(const std::string& name) const {
    return {"--tls-ca",   mounted_ca_,
            "--tls-cert", mine_.Path(name + ".pem"),
            "--tls-key",  mine_.Path(name + ".key")};
  }

  // `balancectl sources` with these flags; its exit status.
  int Sources(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"balancectl", "sources"});
    std::vector<const char*> argv;
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    ctl::Environment environment;
    environment.server = Address();
    const auto args = ctl::ParseArgs(static_cast<int>(argv.size()), argv.data(), environment);
    if (!args) {
      err_ << args.error().text;
      return args.error().exit_code;
    }
    return ctl::Run(*args, {out_, err_, {}, [] { return ctl::WallTime(); }});
  }

  const TemporaryDirectory mine_;
  std::string mounted_ca_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(BalancectlTest, ACertificateOfItsOwn) {
  Start();

  EXPECT_EQ(Sources(As("bot")), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("POLYSIMULATOR"));
}

TEST_F(BalancectlTest, ATokenInPlaceOfACertificate) {
  Start("  client_certificate: OPTIONAL\n");
  const std::string token = mine_.Write("token", "t0ken\n");

  EXPECT_EQ(Sources({"--tls-ca", mounted_ca_, "--token-file", token}), 0) << err_.str();
}

TEST_F(BalancectlTest, WhatTheServerMissesIsSaid) {
  Start();

  EXPECT_EQ(Sources({}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("; the server may want --tls\n"));
  EXPECT_EQ(Sources({"--tls-ca", mounted_ca_}), 1);
  EXPECT_THAT(err_.str(),
              HasSubstr("; the server may want a certificate: --tls-cert, --tls-key\n"));
  WriteCertificate("stranger", TestCa().Issue({}));
  EXPECT_EQ(Sources(As("stranger")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("; the server may not trust the certificate in "));
}

TEST_F(BalancectlTest, WhatIsWrongWithTheServerIsSaid) {
  Start();
  auto flags = As("bot");
  flags.insert(flags.end(), {"--tls-server-name", "other.example"});
  EXPECT_EQ(Sources(flags), 1);
  EXPECT_THAT(err_.str(), HasSubstr("; the server's certificate is for another name: give that "
                                    "with --tls-server-name\n"));

  mounted_ca_ = mine_.Write("other-ca.pem", TestCa().cert_pem());
  EXPECT_EQ(Sources(As("bot")), 1);
  EXPECT_THAT(err_.str(), HasSubstr("; no trusted CA has signed the server's certificate: name "
                                    "the one that did with --tls-ca\n"));
}

TEST_F(BalancectlTest, TheNameInTheCertificateMayBeGiven) {
  Mount(ca_.Issue({.dns_names = {"balance.desk.example"}}));
  Start();
  auto flags = As("bot");
  flags.insert(flags.end(), {"--tls-server-name", "balance.desk.example"});

  EXPECT_EQ(Sources(flags), 0) << err_.str();
}

TEST_F(BalancectlTest, FilesThatDoNotFitAreUsageErrors) {
  Start();
  mine_.Write("bot.key", ca_.Issue({}).key_pem);

  EXPECT_EQ(Sources(As("bot")), 64);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("balancectl: the key in "), HasSubstr("does not fit")));
}

}  // namespace
}  // namespace balance
