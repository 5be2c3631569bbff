#include "clients/http/base_url.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(BaseUrlTest, ReadsSchemeHostPortAndPrefix) {
  const struct {
    const char* text;
    BaseUrl url;
  } cases[] = {
      {"https://api.polymarket.us", {true, "api.polymarket.us", 443, ""}},
      {"https://API.Polymarket.US/", {true, "api.polymarket.us", 443, ""}},
      {"https://host:8443/pm/", {true, "host", 8443, "/pm"}},
      {"http://127.0.0.1:8000/v1", {false, "127.0.0.1", 8000, "/v1"}},
      {"http://localhost", {false, "localhost", 80, ""}},
      {"http://[::1]:81/a/b", {false, "::1", 81, "/a/b"}},
  };
  for (const auto& c : cases) {
    const auto url = ParseBaseUrl(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(*url, c.url) << c.text;
  }
}

TEST(BaseUrlTest, RefusesWhatIsNoBaseUrl) {
  for (const char* text :
       {"", "api.polymarket.us", "ftp://host", "https://", "https:///path", "https://user@host",
        "https://user:pass@host", "https://host?x=1", "https://host/a#b", "https://host:0",
        "https://host:65536", "https://host:x", "https://ho st", "https://host/a b", "https://[::1",
        "https://[host]", "https://[::1]x", "https://host:1:2"}) {
    const auto url = ParseBaseUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::kInvalidInput);
  }
}

TEST(BaseUrlTest, PlainHttpIsForLoopbackOnly) {
  for (const char* text :
       {"http://127.0.0.1", "http://127.9.9.9:1", "http://localhost", "http://[::1]"}) {
    EXPECT_TRUE(ParseBaseUrl(text)) << text;
  }
  for (const char* text : {"http://api.polymarket.us", "http://10.0.0.1", "http://0.0.0.0",
                           "http://127.0.0.1.evil.example", "http://localhost.example"}) {
    EXPECT_FALSE(ParseBaseUrl(text)) << text;
  }
}

TEST(BaseUrlTest, TextLeavesOutTheSchemesOwnPort) {
  for (const char* text :
       {"https://host", "https://host:8443/pm", "http://127.0.0.1:8000", "http://[::1]:81"}) {
    EXPECT_EQ(ParseBaseUrl(text)->ToString(), text);
  }
  EXPECT_EQ(ParseBaseUrl("https://host:443")->ToString(), "https://host");
  EXPECT_EQ(ParseBaseUrl("https://host")->Authority(), "host:443");
  EXPECT_EQ(ParseBaseUrl("http://[::1]:81")->Authority(), "[::1]:81");
}

}  // namespace
}  // namespace balance
