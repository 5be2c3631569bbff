#include "service/rpc/page.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(PageTokenTest, RoundTripsAcrossPageSizes) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  request.set_page_token(MakePageToken(request, {"desk-9", ""}));
  request.set_page_size(7);

  EXPECT_EQ(ReadPageToken(request).value(), (PageEnd{"desk-9", ""}));
}

TEST(PageTokenTest, OfSourcesTellsAccountAndSource) {
  v1::ListSourcesRequest request;
  request.set_page_token(MakePageToken(request, {"desk-9", "paper"}));

  EXPECT_EQ(ReadPageToken(request).value(), (PageEnd{"desk-9", "paper"}));

  request.set_parent("accounts/desk-9");
  EXPECT_EQ(ReadPageToken(request).error().reason, "INVALID_PAGE_TOKEN");
}

TEST(PageTokenTest, GarbageIsRefused) {
  v1::ListAccountSnapshotsRequest request;
  for (const char* token : {"x", "!!!!", "MTIz", "MTIgLS0t"}) {
    request.set_page_token(token);
    const auto end = ReadPageToken(request);
    ASSERT_FALSE(end) << token;
    EXPECT_EQ(end.error().reason, "INVALID_PAGE_TOKEN") << token;
  }
}

}  // namespace
}  // namespace balance
