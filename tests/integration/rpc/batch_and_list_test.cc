#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using testing::ElementsAre;

class ManyAccountsTest : public ServiceFixture {
 protected:
  ManyAccountsTest() {
    for (const char* id : {"desk-1", "desk-2", "desk-3"}) AddAccount(id);
    Serve();
    for (const char* id : {"desk-1", "desk-2", "desk-3"}) Real(id).AnswerWith("1.00");
  }

  grpc::Status Batch(const v1::BatchGetAccountSnapshotsRequest& request) {
    grpc::ClientContext context;
    batch_.Clear();
    return stub_->BatchGetAccountSnapshots(&context, request, &batch_);
  }

  grpc::Status Sources(const v1::ListSourcesRequest& request) {
    grpc::ClientContext context;
    sources_.Clear();
    return stub_->ListSources(&context, request, &sources_);
  }

  grpc::Status List(const v1::ListAccountSnapshotsRequest& request) {
    grpc::ClientContext context;
    list_.Clear();
    return stub_->ListAccountSnapshots(&context, request, &list_);
  }

  v1::BatchGetAccountSnapshotsResponse batch_;
  v1::ListAccountSnapshotsResponse list_;
  v1::ListSourcesResponse sources_;
};

TEST_F(ManyAccountsTest, BatchKeepsTheOrderOfNames) {
  v1::BatchGetAccountSnapshotsRequest request;
  for (const char* name : {"accounts/desk-3", "accounts/desk-1", "accounts/desk-3"}) {
    request.add_names(name);
  }
  ASSERT_TRUE(Batch(request).ok());

  ASSERT_EQ(batch_.snapshots_size(), 3);
  EXPECT_EQ(batch_.snapshots(0).name(), "accounts/desk-3");
  EXPECT_EQ(batch_.snapshots(1).name(), "accounts/desk-1");
  EXPECT_EQ(batch_.snapshots(2).name(), "accounts/desk-3");
  EXPECT_TRUE(batch_.snapshots(0).completeness().complete());
  EXPECT_EQ(Real("desk-3").requests(), 1);
}

TEST_F(ManyAccountsTest, BatchWithAnUnknownNameFailsWhole) {
  v1::BatchGetAccountSnapshotsRequest request;
  request.add_names("accounts/desk-1");
  request.add_names("accounts/other");

  const auto status = Batch(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(DetailsOf(status).info.reason(), "ACCOUNT_NOT_CONFIGURED");
  EXPECT_EQ(Real("desk-1").requests(), 0);
}

TEST_F(ManyAccountsTest, BatchTakesOneToAHundredNames) {
  v1::BatchGetAccountSnapshotsRequest request;
  EXPECT_EQ(Batch(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);

  for (int i = 0; i < 100; ++i) request.add_names("accounts/desk-1");
  EXPECT_TRUE(Batch(request).ok());

  request.add_names("accounts/desk-1");
  EXPECT_EQ(Batch(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ManyAccountsTest, ACompressedBatchIsRefusedWithWhatIsUnderstood) {
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::BatchGetAccountSnapshotsRequest request;
  for (int i = 0; i < 100; ++i) request.add_names("accounts/desk-" + std::to_string(i % 3 + 1));

  const auto status = stub_->BatchGetAccountSnapshots(&context, request, &batch_);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("identity"));
}

TEST_F(ManyAccountsTest, ListAnswersFromTheCacheAndNamesWhatIsUnreachable) {
  ASSERT_TRUE(List({}).ok());

  EXPECT_EQ(list_.snapshots_size(), 3);
  EXPECT_EQ(list_.unreachable_size(), 6);
  EXPECT_EQ(list_.unreachable(0), "accounts/desk-1/sources/real");
  EXPECT_EQ(Real("desk-1").requests(), 0);
  EXPECT_TRUE(list_.next_page_token().empty());
}

TEST_F(ManyAccountsTest, ListFetchesWhenTold) {
  v1::ListAccountSnapshotsRequest request;
  request.mutable_policy()->set_only_if_cached(false);
  ASSERT_TRUE(List(request).ok());

  EXPECT_EQ(list_.unreachable_size(), 0);
  EXPECT_EQ(Real("desk-2").requests(), 1);
}

TEST_F(ManyAccountsTest, ListPagesThroughAllInOrder) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  ASSERT_TRUE(List(request).ok());
  EXPECT_EQ(list_.snapshots(0).name(), "accounts/desk-1");
  EXPECT_EQ(list_.snapshots(1).name(), "accounts/desk-2");

  request.set_page_token(list_.next_page_token());
  ASSERT_TRUE(List(request).ok());

  ASSERT_EQ(list_.snapshots_size(), 1);
  EXPECT_EQ(list_.snapshots(0).name(), "accounts/desk-3");
  EXPECT_TRUE(list_.next_page_token().empty());
}

TEST_F(ManyAccountsTest, ListTellsHowManyAccountsThereAreOnAnyPage) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  request.set_fund_class(v1::REAL_MONEY);
  ASSERT_TRUE(List(request).ok());
  EXPECT_EQ(list_.total_size(), 3);

  request.set_page_token(list_.next_page_token());
  ASSERT_TRUE(List(request).ok());
  EXPECT_EQ(list_.total_size(), 3);
}

TEST_F(ManyAccountsTest, ListSourcesPagesThroughAllInOrder) {
  v1::ListSourcesRequest request;
  for (const int page_size : {1, 2, 3, 4, 5, 6, 7}) {
    request.set_page_size(page_size);
    request.clear_page_token();
    std::vector<std::string> names;
    do {
      ASSERT_TRUE(Sources(request).ok());
      EXPECT_LE(sources_.sources_size(), page_size);
      EXPECT_EQ(sources_.total_size(), 6);
      for (const v1::Source& source : sources_.sources()) names.push_back(source.name());
      request.set_page_token(sources_.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_THAT(names, ElementsAre("accounts/desk-1/sources/real", "accounts/desk-1/sources/paper",
                                   "accounts/desk-2/sources/real", "accounts/desk-2/sources/paper",
                                   "accounts/desk-3/sources/real", "accounts/desk-3/sources/paper"))
        << page_size;
  }
}

TEST_F(ManyAccountsTest, ListSourcesOfOneAccountPagesThroughItsOwn) {
  v1::ListSourcesRequest request;
  request.set_parent("accounts/desk-2");
  request.set_page_size(1);
  ASSERT_TRUE(Sources(request).ok());
  EXPECT_EQ(sources_.sources(0).name(), "accounts/desk-2/sources/real");
  EXPECT_EQ(sources_.total_size(), 2);

  request.set_page_token(sources_.next_page_token());
  ASSERT_TRUE(Sources(request).ok());
  ASSERT_EQ(sources_.sources_size(), 1);
  EXPECT_EQ(sources_.sources(0).name(), "accounts/desk-2/sources/paper");
  EXPECT_TRUE(sources_.next_page_token().empty());

  request.set_parent("accounts/desk-1");
  EXPECT_EQ(DetailsOf(Sources(request)).info.reason(), "INVALID_PAGE_TOKEN");
  request.set_page_size(-1);
  EXPECT_EQ(DetailsOf(Sources(request)).info.reason(), "INVALID_PAGE_SIZE");
}

TEST_F(ManyAccountsTest, APageTokenOfAnotherRequestIsRefused) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  ASSERT_TRUE(List(request).ok());
  request.set_page_token(list_.next_page_token());
  request.set_fund_class(v1::REAL_MONEY);

  const auto status = List(request);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_PAGE_TOKEN");
}

TEST_F(ManyAccountsTest, EmptyNameIsAmbiguousAmongSeveralAccounts) {
  v1::AccountSnapshot snapshot;

  const auto status = Get({}, snapshot);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_NAME");
}

TEST_F(ManyAccountsTest, ListSourcesTellsSettingsOfAllOrOfOneAccount) {
  v1::ListSourcesRequest request;
  v1::ListSourcesResponse response;
  grpc::ClientContext all;
  ASSERT_TRUE(stub_->ListSources(&all, request, &response).ok());
  EXPECT_EQ(response.sources_size(), 6);

  request.set_parent("accounts/desk-2");
  grpc::ClientContext one;
  ASSERT_TRUE(stub_->ListSources(&one, request, &response).ok());

  ASSERT_EQ(response.sources_size(), 2);
  const v1::Source& source = response.sources(1);
  EXPECT_EQ(source.name(), "accounts/desk-2/sources/paper");
  EXPECT_EQ(source.kind(), v1::POLYSIMULATOR);
  EXPECT_EQ(source.breaker_state(), v1::Source::CLOSED);
  EXPECT_EQ(source.feed(), v1::Source::POLL);
  EXPECT_EQ(source.cache().ttl().seconds(), 60);
  EXPECT_EQ(source.rate().requests_per_second(), 2);
  EXPECT_THAT(source.measures(), ElementsAre(v1::CASH, v1::AVAILABLE_TO_TRADE));
  EXPECT_FALSE(source.has_last_observe_time());
}

}  // namespace
}  // namespace balance
