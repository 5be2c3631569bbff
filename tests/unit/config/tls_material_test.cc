#include "service/config/tls_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/test_ca.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::hours;
using testing::AllOf;
using testing::Eq;
using testing::HasSubstr;

class TlsMaterialTest : public testing::Test {
 protected:
  TlsMaterialTest() { Write(ca_.Issue({.dns_names = {"server"}})); }

  void Write(const TestCertificate& certificate) {
    files_.Write("tls.crt", certificate.cert_pem);
    files_.Write("tls.key", certificate.key_pem);
  }

  tl::expected<TlsMaterial, std::vector<TlsIssue>> Load() const {
    return LoadTlsMaterial(settings_, std::chrono::system_clock::now());
  }

  // All in one line, the directory left out; empty if the files are good.
  std::string Problem() const {
    const auto material = Load();
    if (material) return "";
    std::string text = ToString(material.error());
    const std::string prefix = files_.PathOf("");
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  const ConfigFiles files_;
  const TestCa ca_;
  TlsSettings settings_{files_.PathOf("tls.crt"), files_.PathOf("tls.key"), "", true};
};

TEST_F(TlsMaterialTest, ACertificateWithItsKey) {
  const TestCertificate pair = ca_.Issue({.not_after = hours(2)});
  Write(pair);

  const auto material = Load();

  ASSERT_TRUE(material) << Problem();
  EXPECT_EQ(material->certificates, pair.cert_pem);
  EXPECT_EQ(material->private_key->Expose(), pair.key_pem);
  EXPECT_EQ(material->client_cas, "");
  const auto left = material->expires - std::chrono::system_clock::now();
  EXPECT_TRUE(left > hours(1) && left < hours(3));
}

TEST_F(TlsMaterialTest, MaterialIsEqualByWhatItHolds) {
  const auto first = Load();
  const auto again = Load();
  Write(ca_.Issue({}));
  const auto other = Load();

  EXPECT_EQ(*first, *again);
  EXPECT_FALSE(*first == *other);
}

TEST_F(TlsMaterialTest, AChainFromTheLeafUp) {
  const TestCa middle = ca_.IssueCa("middle");
  TestCertificate pair = middle.Issue({});
  pair.cert_pem += middle.cert_pem() + ca_.cert_pem();
  Write(pair);

  const auto material = Load();

  ASSERT_TRUE(material) << Problem();
  EXPECT_EQ(material->certificates, pair.cert_pem);
}

TEST_F(TlsMaterialTest, AKeyBesideTheCertificatesIsNotTakenForOne) {
  const TestCertificate pair = ca_.Issue({});
  Write({pair.key_pem + pair.cert_pem, pair.cert_pem + pair.key_pem});

  const auto material = Load();

  ASSERT_TRUE(material) << Problem();
  EXPECT_EQ(material->certificates, pair.cert_pem);
}

TEST_F(TlsMaterialTest, AChainInTheWrongOrder) {
  const TestCa middle = ca_.IssueCa("middle");
  TestCertificate pair = middle.Issue({});
  pair.cert_pem += ca_.cert_pem() + middle.cert_pem();
  Write(pair);

  EXPECT_EQ(Problem(),
            "tls.certificate_file: certificate 2 in the file tls.crt did not issue certificate 1; "
            "begin with the server's own, then put behind each the one that issued it");
}

TEST_F(TlsMaterialTest, AnIssuerOfTheSameNameWithAnotherKey) {
  TestCertificate pair = ca_.Issue({});
  pair.cert_pem += TestCa().cert_pem();
  Write(pair);

  EXPECT_THAT(Problem(), HasSubstr("did not issue certificate 1"));
}

TEST_F(TlsMaterialTest, AnotherCertificatesKey) {
  Write({ca_.Issue({}).cert_pem, ca_.Issue({}).key_pem});

  EXPECT_EQ(Problem(),
            "tls.private_key_file: the key in the file tls.key does not fit the first certificate "
            "in the file tls.crt; name the key that the certificate was made with");
}

TEST_F(TlsMaterialTest, OutsideItsValidity) {
  Write(ca_.Issue({.not_before = -hours(2), .not_after = -hours(1)}));
  EXPECT_THAT(Problem(), AllOf(HasSubstr("certificate 1 in the file tls.crt ended at 20"),
                               HasSubstr("; replace it by a new one")));

  Write(ca_.Issue({.not_before = hours(1)}));
  EXPECT_THAT(Problem(), HasSubstr("certificate 1 in the file tls.crt begins only at 20"));
}

TEST_F(TlsMaterialTest, AChainEndsWithItsFirstCertificateThatDoes) {
  const TestCa root("root", {.not_after = hours(1)});
  TestCertificate pair = root.Issue({});
  pair.cert_pem += root.cert_pem();
  Write(pair);
  const auto later = std::chrono::system_clock::now() + hours(2);

  EXPECT_LT(Load()->expires, later);
  const auto material = LoadTlsMaterial(settings_, later);
  ASSERT_FALSE(material);
  EXPECT_THAT(material.error().front().problem, HasSubstr("certificate 2 in "));
}

TEST_F(TlsMaterialTest, ACertificateOfAClient) {
  Write(ca_.Issue({.extended_key_usage = "clientAuth"}));
  EXPECT_EQ(Problem(),
            "tls.certificate_file: the certificate in the file tls.crt is not for servers; use one "
            "whose extended key usage allows server authentication");

  Write(ca_.Issue({.extended_key_usage = "serverAuth,clientAuth"}));
  EXPECT_EQ(Problem(), "");
}

TEST_F(TlsMaterialTest, AWeakKey) {
  Write(ca_.Issue({.rsa_bits = 1024}));
  EXPECT_THAT(Problem(), HasSubstr("OpenSSL refuses certificate 1 in the file tls.crt: ee key "
                                   "too small; use one with a stronger key"));

  Write(ca_.Issue({.rsa_bits = 2048}));
  EXPECT_EQ(Problem(), "");
}

TEST_F(TlsMaterialTest, AWeakKeyOfAnIssuer) {
  const TestCa weak = ca_.IssueCa("weak", {.rsa_bits = 1024});
  TestCertificate chain = weak.Issue({});
  chain.cert_pem += weak.cert_pem();
  Write(chain);

  EXPECT_THAT(Problem(), HasSubstr("OpenSSL refuses certificate 2 in the file tls.crt: ca key "
                                   "too small; use one with a stronger key"));
}

TEST_F(TlsMaterialTest, FilesThatHoldSomethingElse) {
  const TestCertificate pair = ca_.Issue({});
  const std::string half = pair.cert_pem.substr(0, pair.cert_pem.size() / 2);
  const std::string no_certificate =
      "tls.certificate_file: the file tls.crt holds no certificate in PEM; name a readable PEM "
      "file of certificates";
  const std::string unreadable =
      "tls.certificate_file: the file tls.crt holds a certificate that cannot be read, number ";
  const std::string no_key =
      "tls.private_key_file: the file tls.key holds no private key in PEM; name the PEM file of "
      "the key";

  Write({"", pair.key_pem});
  EXPECT_EQ(Problem(), no_certificate);
  Write({half, pair.key_pem});
  EXPECT_THAT(Problem(), HasSubstr(unreadable + "1;"));
  Write({pair.cert_pem + half, pair.key_pem});
  EXPECT_THAT(Problem(), HasSubstr(unreadable + "2;"));
  Write({pair.cert_pem, ""});
  EXPECT_EQ(Problem(), no_key);
  Write({pair.cert_pem, pair.key_pem.substr(0, pair.key_pem.size() / 2)});
  EXPECT_EQ(Problem(), no_key);
}

TEST_F(TlsMaterialTest, AKeyThatNeedsAPassPhrase) {
  // Made with `openssl genpkey -algorithm ed25519 -aes128`, pass phrase `test`.
  files_.Write("tls.key",
               "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
               "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhlqFWnSst+lAICCAAw\n"
               "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEMZNgsmcehh+FDgnAkR73EIEQPNS\n"
               "kKhLxT+WLaxiP/D2zJydq21sJWZQmp1LVwIqNCDSI7buSyzVKpqICdGhOubGWP7b\n"
               "h7CjTMbA2EqI2VpHuS8=\n"
               "-----END ENCRYPTED PRIVATE KEY-----\n");

  EXPECT_EQ(Problem(),
            "tls.private_key_file: the file tls.key needs a pass phrase; store the key without "
            "one");
}

TEST_F(TlsMaterialTest, AKeyThatEveryUserCanRead) {
  files_.Write("tls.key", ca_.Issue({}).key_pem, 0644);

  EXPECT_EQ(Problem(),
            "tls.private_key_file: the file tls.key is accessible to every user; take that away, "
            "such as with chmod o-rwx");
}

TEST_F(TlsMaterialTest, FilesThatAreMissingAreAllNamed) {
  settings_ = {"/none/a", "/none/b", "/none/c", true};

  EXPECT_THAT(Problem(),
              AllOf(HasSubstr("tls.certificate_file: the file /none/a cannot be read: No such"),
                    HasSubstr("tls.private_key_file: the file /none/b cannot be read: No such"),
                    HasSubstr("tls.client_ca_file: the file /none/c cannot be read: No such")));
}

TEST_F(TlsMaterialTest, ClientCasOldAndNew) {
  const TestCa old("old", {.not_before = -hours(2), .not_after = -hours(1)});
  settings_.client_ca_file = files_.Write("ca.crt", old.cert_pem() + ca_.cert_pem());
  EXPECT_EQ(Load()->client_cas, old.cert_pem() + ca_.cert_pem());

  files_.Write("ca.crt", old.cert_pem());
  EXPECT_EQ(Problem(), "tls.client_ca_file: no CA in the file ca.crt is in force; add one that is");
}

// It would be trusted as itself.
TEST_F(TlsMaterialTest, AmongClientCasACertificateThatIsNone) {
  settings_.client_ca_file =
      files_.Write("ca.crt", ca_.cert_pem() + ca_.Issue({.uris = {"spiffe://d/bot"}}).cert_pem);

  EXPECT_EQ(Problem(),
            "tls.client_ca_file: certificate 2 in the file ca.crt is no CA; keep only those that "
            "issue certificates of clients");
}

TEST_F(TlsMaterialTest, AKeyInPlaceOfAPathIsNotRepeated) {
  const std::string key = ca_.Issue({}).key_pem;
  settings_ = {key, key, key, true};

  EXPECT_THAT(Problem(), testing::Not(HasSubstr(key.substr(30, 20))));
}

}  // namespace
}  // namespace balance
