#include "clients/redis/login_names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/redis/sodium.h"

namespace balance {
namespace {

class LoginNamesTest : public SodiumTest {
 protected:
  static LoginNames Names(std::string_view kind, std::string_view url, std::string_view key_id,
                          char secret = 's') {
    return NamesOf({kind, url, key_id, *Key(secret)});
  }
};

std::string TagOf(const std::string& name) {
  const auto begin = name.find('{');
  return name.substr(begin, name.find('}') - begin + 1);
}

TEST_F(LoginNamesTest, AllNamesOfALoginButItsBucketAreOfOneId) {
  const LoginNames names = Names("venue", "https://a.example", "key");

  std::set<std::string> all;
  for (const std::string& name :
       {names.reading, names.lease, names.bucket, names.pause, names.hold_off, names.channel}) {
    EXPECT_TRUE(name.starts_with("bal:{")) << name;
    EXPECT_EQ(TagOf(name) == TagOf(names.reading), name != names.bucket) << name;
    all.insert(name);
  }
  EXPECT_EQ(all.size(), 6U);
}

TEST_F(LoginNamesTest, OneLoginHasTheSameNamesEverywhere) {
  EXPECT_EQ(Names("venue", "https://a.example", "key").reading,
            Names("venue", "https://a.example", "key").reading);
}

TEST_F(LoginNamesTest, AnotherKindAddressOrCredentialHasOtherNames) {
  const std::set<std::string> names = {
      Names("venue", "https://a.example", "key").reading,
      Names("other", "https://a.example", "key").reading,
      Names("venue", "https://b.example", "key").reading,
      Names("venue", "https://a.example", "yek").reading,
      // The same bytes in a row.
      Names("venue", "https://a.exampl", "ekey").reading,
      Names("venu", "ehttps://a.example", "key").reading,
  };

  EXPECT_EQ(names.size(), 6U);
}

// The upstream counts the requests of the key, wherever they are sent.
TEST_F(LoginNamesTest, M18_ACredentialHasOneBucketAtEveryAddress) {
  for (const char* key_id : {"key", ""}) {
    const LoginNames one = Names("venue", "https://a.example", key_id);
    const LoginNames two = Names("venue", "https://b.example", key_id);

    EXPECT_EQ(one.bucket, two.bucket);
    EXPECT_NE(one.reading, two.reading);
    EXPECT_NE(one.lease, two.lease);
    EXPECT_NE(one.bucket, Names("other", "https://a.example", key_id).bucket);
  }
  EXPECT_NE(Names("venue", "https://a.example", "key").bucket,
            Names("venue", "https://a.example", "yek").bucket);
  EXPECT_NE(Names("venue", "https://a.example", "", 's').bucket,
            Names("venue", "https://a.example", "", 't').bucket);
}

// A release with another schema shares no reading, and all the more the budget. The names are those
// of the first release that had them.
TEST_F(LoginNamesTest, M18_TheBucketHasOneNameInAllReleases) {
  EXPECT_EQ(Names("venue", "https://a.example", "key").bucket,
            "bal:{b7a996b6c6ad7707aebfb374184b087a}:bucket");
}

TEST_F(LoginNamesTest, AnotherSecretOfACredentialHasAnotherHoldOffOnly) {
  const LoginNames before = Names("venue", "https://a.example", "key", 's');
  const LoginNames after = Names("venue", "https://a.example", "key", 't');

  EXPECT_EQ(before.reading, after.reading);
  EXPECT_EQ(before.bucket, after.bucket);
  EXPECT_EQ(before.pause, after.pause);
  EXPECT_NE(before.hold_off, after.hold_off);
}

// Or the figures of one user would be shown to another.
TEST_F(LoginNamesTest, CredentialsWithoutANameDifferByTheirSecret) {
  EXPECT_NE(Names("venue", "https://a.example", "", 's').reading,
            Names("venue", "https://a.example", "", 't').reading);
}

TEST_F(LoginNamesTest, NothingOfALoginIsSeen) {
  const LoginNames names = NamesOf({"venue", "https://a.example", "my-key-id", *Key('s')});

  for (const std::string& name : {names.reading, names.bucket, names.hold_off, names.channel}) {
    EXPECT_EQ(name.find("venue"), std::string::npos);
    EXPECT_EQ(name.find("example"), std::string::npos);
    EXPECT_EQ(name.find("my-key-id"), std::string::npos);
    EXPECT_EQ(name.find("ssss"), std::string::npos);
  }
}

}  // namespace
}  // namespace balance
