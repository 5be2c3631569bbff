#include "service/rpc/page.h"

#include <gtest/gtest.h>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

TEST(PageTokenTest, RoundTripsAcrossPageSizes) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  request.set_page_token(MakePageToken(request, {"desk-9", ""}));
  request.set_page_size(7);

  PageEnd end;
  ASSERT_TRUE(ReadPageToken(request, end).ok());
  EXPECT_EQ(end, (PageEnd{"desk-9", ""}));
}

TEST(PageTokenTest, OfSourcesTellsAccountAndSource) {
  v1::ListSourcesRequest request;
  request.set_page_token(MakePageToken(request, {"desk-9", "paper"}));

  PageEnd end;
  ASSERT_TRUE(ReadPageToken(request, end).ok());
  EXPECT_EQ(end, (PageEnd{"desk-9", "paper"}));

  request.set_parent("accounts/desk-9");
  EXPECT_EQ(DetailsOf(ReadPageToken(request, end)).info.reason(), "INVALID_PAGE_TOKEN");
}

TEST(PageTokenTest, GarbageIsRefused) {
  v1::ListAccountSnapshotsRequest request;
  for (const char* token : {"x", "!!!!", "MTIz", "MTIgLS0t"}) {
    request.set_page_token(token);
    PageEnd end;
    EXPECT_EQ(DetailsOf(ReadPageToken(request, end)).info.reason(), "INVALID_PAGE_TOKEN") << token;
  }
}

}  // namespace
}  // namespace balance
