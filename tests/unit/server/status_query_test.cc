#include "service/server/status_query.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(StatusQueryTest, ReadsWhatAFormSends) {
  const auto query = StatusQuery::Parse("find=Desk-1%2Fsources+&show=troubled&page=3&format=json");

  EXPECT_EQ(query.find, "desk-1/sources");
  EXPECT_TRUE(query.only_troubled);
  EXPECT_EQ(query.page, 3U);
  EXPECT_EQ(query.format, StatusQuery::Format::kJson);
  EXPECT_EQ(query.ToString(), "show=troubled&find=desk-1%2Fsources&page=3");
}

TEST(StatusQueryTest, WhatCannotBeReadCountsForNothing) {
  for (const char* text : {"", "&&", "=", "page", "page=", "page=0", "page=-1", "page=2x",
                           "page=99999999999999999999999", "show=", "show=all",
                           "find=", "format=xml", "unknown=1", "%%%=%", "find=%20"}) {
    const auto query = StatusQuery::Parse(text);

    EXPECT_EQ(query.ToString(), "") << text;
    EXPECT_EQ(query.format, StatusQuery::Format::kUnnamed) << text;
  }
  EXPECT_EQ(StatusQuery::Parse("page=9999999999").page, StatusQuery::kMostPage);
  EXPECT_EQ(StatusQuery::Parse("find=%4").find, "%4");
  EXPECT_EQ(StatusQuery::Parse("find=" + std::string(5000, 'a')).find.size(),
            StatusQuery::kMostFindBytes);
}

TEST(StatusQueryTest, TheTextReadsAsTheSameQuery) {
  for (const char* text : {"find=%00%26%3D%3Cscript%3E", "show=troubled", "page=7", "find=a%25b"}) {
    const auto query = StatusQuery::Parse(text);
    const auto again = StatusQuery::Parse(query.ToString());

    EXPECT_EQ(again.find, query.find);
    EXPECT_EQ(again.ToString(), query.ToString());
  }
}

TEST(StatusQueryTest, HtmlIsForThoseWhoNameIt) {
  const auto wants = [](const char* query, const char* accept) {
    return WantsHtml(StatusQuery::Parse(query), accept);
  };
  // Firefox and Chromium.
  EXPECT_TRUE(wants("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  EXPECT_TRUE(wants("format=html", "*/*"));
  // curl, wget, what sends nothing, and what asks for JSON.
  for (const char* accept : {"*/*", "", "application/json", "text/*", "text/plain",
                             "application/json, text/html;q=0.5"}) {
    EXPECT_FALSE(wants("", accept)) << accept;
  }
  EXPECT_FALSE(wants("format=json", "text/html"));
}

}  // namespace
}  // namespace balance
