#include <gtest/gtest.h>

#include "clients/http/http_transport.h"

namespace balance {
namespace {

TEST(HttpResponseTest, HeadersAreFoundWhateverTheirCaseAndTrimmed) {
  HttpResponse response;
  response.headers = {{"X-Request-Id", " \t abc "}, {"x-request-id", "second"}, {"Empty", "  "}};

  EXPECT_EQ(response.Header("x-request-ID"), "abc");
  EXPECT_EQ(response.Header("Empty"), "");
  EXPECT_EQ(response.Header("X-Request"), "");
}

}  // namespace
}  // namespace balance
