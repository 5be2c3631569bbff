#include "clients/polysimulator/error_code.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "clients/json/parse_json.h"

namespace balance::polysimulator {
namespace {

std::string CodeOf(const std::string& body, std::vector<HttpHeader> headers = {}) {
  const std::optional<JsonValue> parsed = ParseJson(body);
  return FindErrorCode({400, std::move(headers), body}, parsed ? &*parsed : nullptr);
}

TEST(PolySimulatorErrorCodeTest, HeaderWinsIfItSaysAnything) {
  const std::string body = R"({"code":"IN_CODE","error":"IN_ERROR"})";

  EXPECT_EQ(CodeOf(body, {{"x-polysim-code", "  IN_HEADER "}}), "IN_HEADER");
  EXPECT_EQ(CodeOf(body, {{"X-Polysim-Code", "   "}}), "IN_CODE");
  EXPECT_EQ(CodeOf(body, {{"X-Polysim-Code", std::string(kMaxErrorCode + 1, 'C')}}), "IN_CODE");
  EXPECT_EQ(CodeOf("not json", {{"X-Polysim-Code", "IN_HEADER"}}), "IN_HEADER");
}

TEST(PolySimulatorErrorCodeTest, BodyIsReadInOrder) {
  EXPECT_EQ(CodeOf(R"({"error":"IN_ERROR","code":"IN_CODE"})"), "IN_CODE");
  EXPECT_EQ(CodeOf(R"({"error":"IN_ERROR","message":"x"})"), "IN_ERROR");
  EXPECT_EQ(CodeOf(R"({"code":404,"error":"IN_ERROR"})"), "IN_ERROR");
}

TEST(PolySimulatorErrorCodeTest, ObjectsHaveTheirOwnCode) {
  EXPECT_EQ(CodeOf(R"({"error":{"code":"INNER"}})"), "INNER");
  EXPECT_EQ(CodeOf(R"({"error":{"error":"INNER"}})"), "INNER");
  EXPECT_EQ(CodeOf(R"({"code":{"code":"INNER"}})"), "INNER");
  EXPECT_EQ(CodeOf(R"({"detail":{"error":"INNER","message":"x"}})"), "INNER");
}

TEST(PolySimulatorErrorCodeTest, ARepeatedStatusIsNoCode) {
  EXPECT_EQ(CodeOf(R"({"error":"HTTP_404","message":"m","request_id":"r"})"), "");
  EXPECT_EQ(CodeOf("{}", {{"X-Polysim-Code", "HTTP_404"}}), "");
  EXPECT_EQ(CodeOf(R"({"code":"HTTP_404","error":"IN_ERROR"})"), "IN_ERROR");
  EXPECT_EQ(CodeOf(R"({"error":"HTTP_404","detail":{"code":"INNER"}})"), "INNER");
  EXPECT_EQ(CodeOf(R"({"error":"HTTP_"})"), "HTTP_");
  EXPECT_EQ(CodeOf(R"({"error":"HTTP_2_ONLY"})"), "HTTP_2_ONLY");
}

TEST(PolySimulatorErrorCodeTest, ProseIsNoCode) {
  for (const std::string body :
       {R"({"error":"Invalid key"})", R"({"error":"invalid_key"})", R"({"error":""})",
        R"({"error":"_X"})", R"({"error":"1X"})", R"({"error":null})", R"({"error":["X"]})",
        R"({"detail":"NOT_A_CODE"})", R"({"detail":[{"code":"X"}]})", "{}", "[]", "\"X\"", ""}) {
    EXPECT_EQ(CodeOf(body), "") << body;
  }
}

}  // namespace
}  // namespace balance::polysimulator
