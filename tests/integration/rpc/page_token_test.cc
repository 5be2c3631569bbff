#include "service/rpc/page_token.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(PageTokenTest, RoundTripsAcrossPageSizes) {
  v1::ListAccountSnapshotsRequest request;
  request.set_page_size(2);
  request.set_page_token(MakePageToken(request, "desk-9"));
  request.set_page_size(7);

  EXPECT_EQ(ReadPageToken(request), "desk-9");
}

TEST(PageTokenTest, GarbageIsRefused) {
  v1::ListAccountSnapshotsRequest request;
  for (const char* token : {"x", "!!!!", "MTIz", "MTIgLS0t"}) {
    request.set_page_token(token);
    EXPECT_EQ(ReadPageToken(request), std::nullopt) << token;
  }
}

}  // namespace
}  // namespace balance
