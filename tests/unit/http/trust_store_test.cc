#include "clients/http/trust_store.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/test_ca.h"

namespace balance {
namespace {

class TrustStoreTest : public testing::Test {
 protected:
  TrustStoreTest() {
    Write("system.pem", TestCa("system").cert_pem());
    Write("own.pem", TestCa("own").cert_pem());
  }
  ~TrustStoreTest() override { std::filesystem::remove_all(directory_); }

  static std::string MakeDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trust-test-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  // As files are replaced in a pod: by another one of the same name.
  void Write(const std::string& name, const std::string& content) {
    { std::ofstream(Path("new")) << content; }
    std::filesystem::rename(Path("new"), Path(name));
  }
  // Certificates in memory; those of a directory come in when they are looked for.
  static int CountOf(X509_STORE* store) {
    return store ? sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) : -1;
  }

  const std::string directory_ = MakeDirectory();
  TrustStores stores_{{Path("system.pem"), directory_}};
};

TEST_F(TrustStoreTest, IsReadOnceAndShared) {
  X509_STORE* const system = stores_.Of("");
  EXPECT_EQ(CountOf(system), 1);
  EXPECT_EQ(stores_.Of(""), system);
  X509_STORE* const own = stores_.Of(Path("own.pem"));
  EXPECT_EQ(CountOf(own), 1);
  EXPECT_NE(own, system);
  EXPECT_EQ(stores_.Of(Path("own.pem")), own);
}

TEST_F(TrustStoreTest, M27_AFileThatChangedIsReadAnew) {
  ASSERT_EQ(CountOf(stores_.Of(Path("own.pem"))), 1);
  Write("own.pem", TestCa("one").cert_pem() + TestCa("two").cert_pem());

  EXPECT_EQ(CountOf(stores_.Of(Path("own.pem"))), 2);
}

TEST_F(TrustStoreTest, AFileThatIsMissingOrNoPemTrustsNobody) {
  Write("garbage.pem", "this is no certificate\n");

  EXPECT_EQ(stores_.Of(Path("garbage.pem")), nullptr);
  EXPECT_EQ(stores_.Of(Path("missing.pem")), nullptr);
  Write("missing.pem", TestCa("late").cert_pem());
  EXPECT_EQ(CountOf(stores_.Of(Path("missing.pem"))), 1);
}

}  // namespace
}  // namespace balance
