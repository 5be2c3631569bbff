// What a request may say of sources, and what it costs to find them.

#include "service/rpc/source_names.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using testing::HasSubstr;

SourceInfo Source(const std::string& account, const std::string& source) {
  SourceInfo info;
  info.account = account;
  info.source = source;
  return info;
}

Names NamesOf(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

TEST(SourceNamesTest, AnIdIsOfEveryAccountAndAFullNameOfOne) {
  const auto names =
      SourceNames::Parse(NamesOf({"real", "accounts/desk-1/sources/paper"}), "sources");
  ASSERT_TRUE(names);

  EXPECT_TRUE(names->Match(Source("desk-1", "real")));
  EXPECT_TRUE(names->Match(Source("desk-2", "real")));
  EXPECT_TRUE(names->Match(Source("desk-1", "paper")));
  EXPECT_FALSE(names->Match(Source("desk-2", "paper")));
}

TEST(SourceNamesTest, TheFirstNameThatIsNotFoundIsTold) {
  const auto names =
      SourceNames::Parse(NamesOf({"real", "zebra", "accounts/desk-1/sources/aardvark"}), "sources");
  ASSERT_TRUE(names);
  SourceNames::Found found = names->NoneFound();
  names->Match(Source("desk-1", "real"), found);

  const auto all_found = names->CheckAllFound(found);

  ASSERT_FALSE(all_found);
  EXPECT_EQ(all_found.error().code, StatusCode::kInvalidArgument);
  EXPECT_THAT(all_found.error().message, HasSubstr("\"zebra\""));
}

TEST(SourceNamesTest, BothSpellingsOfASourceAreFoundAtOnce) {
  const auto names =
      SourceNames::Parse(NamesOf({"accounts/desk-1/sources/real", "real"}), "sources");
  ASSERT_TRUE(names);
  SourceNames::Found found = names->NoneFound();

  EXPECT_TRUE(names->Match(Source("desk-1", "real"), found));

  EXPECT_TRUE(names->CheckAllFound(found));
}

// Each method that takes source names, as a function of the names.
class ManyNamesTest : public ServiceFixture {
 protected:
  ManyNamesTest() {
    AddAccount("desk-1");
    Serve();
    Real("desk-1").AnswerWith("1.00");
  }

  void ExpectRefused(const std::vector<std::string>& names, const std::string& why) {
    v1::AccountSnapshot snapshot;
    v1::GetAccountSnapshotRequest get;
    get.mutable_sources()->Add(names.begin(), names.end());
    ExpectRefused(Get(get, snapshot), "sources", why);

    get.clear_sources();
    get.mutable_policy()->set_require(v1::ReadPolicy::NAMED);
    get.mutable_policy()->mutable_required_sources()->Add(names.begin(), names.end());
    ExpectRefused(Get(get, snapshot), "policy.required_sources", why);

    v1::BatchGetAccountSnapshotsRequest batch;
    batch.add_names("accounts/desk-1");
    batch.mutable_sources()->Add(names.begin(), names.end());
    v1::BatchGetAccountSnapshotsResponse batch_response;
    grpc::ClientContext batch_context;
    ExpectRefused(stub_->BatchGetAccountSnapshots(&batch_context, batch, &batch_response),
                  "sources", why);

    v1::ListAccountSnapshotsRequest list;
    list.mutable_sources()->Add(names.begin(), names.end());
    v1::ListAccountSnapshotsResponse list_response;
    grpc::ClientContext list_context;
    ExpectRefused(stub_->ListAccountSnapshots(&list_context, list, &list_response), "sources", why);
    EXPECT_EQ(Real("desk-1").requests(), 0);
  }

  static void ExpectRefused(const grpc::Status& status, const std::string& field,
                            const std::string& why) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    const auto details = DetailsOf(status);
    EXPECT_EQ(details.info.reason(), "INVALID_READ_POLICY");
    EXPECT_EQ(details.info.metadata().at("field"), field);
    EXPECT_THAT(status.error_message(), HasSubstr(why));
    EXPECT_LT(status.error_message().size(), 300U);
  }
};

TEST_F(ManyNamesTest, M121_ANameMoreThanOnceIsRefused) {
  ExpectRefused({"real", "paper", "real"}, "\"real\" more than once");
  ExpectRefused(std::vector<std::string>(20, "accounts/desk-1/sources/real"), "more than once");
}

TEST_F(ManyNamesTest, M121_MoreThanAHundredNamesAreRefused) {
  ExpectRefused(std::vector<std::string>(20'000, "a"), "at most 100");
  std::vector<std::string> different;
  for (int i = 0; i <= 100; ++i) different.push_back("source-" + std::to_string(i));
  ExpectRefused(different, "101 names");
}

TEST_F(ManyNamesTest, AHundredNamesAreLookedFor) {
  std::vector<std::string> names = {"real"};
  for (int i = 1; i < 100; ++i) names.push_back("source-" + std::to_string(i));
  ExpectRefused(names, "no source \"source-1\"");
}

}  // namespace
}  // namespace balance
