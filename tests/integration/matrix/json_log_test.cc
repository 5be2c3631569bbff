// The log of a service that writes JSON: every line can be read, and a caller finds its trace in
// those about its calls.

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Fault;
using sandbox::Side;
using Line = nlohmann::ordered_json;

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kParent = "00f067aa0ba902b7";

class JsonLogTest : public MatrixTest {
 protected:
  // A strict read of PolySimulator for a call with this traceparent.
  grpc::Status ReadTraced(const std::string& traceparent) {
    v1::GetSourceBalanceRequest request;
    request.set_name(std::string("accounts/desk-1/sources/") + kPolysimId);
    request.mutable_policy()->mutable_max_age();
    request.mutable_policy()->mutable_max_stale();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.AddMetadata("traceparent", traceparent);
    v1::SourceBalance source;
    return stub_->GetSourceBalance(&context, request, &source);
  }

  // All lines of the log; fails the test where one is no JSON.
  std::vector<Line> Lines() {
    std::vector<Line> lines;
    std::istringstream log(service().Log());
    for (std::string text; std::getline(log, text);) {
      lines.push_back(Line::parse(text, nullptr, false));
      EXPECT_FALSE(lines.back().is_discarded()) << text;
    }
    return lines;
  }
  std::vector<Line> LinesOf(const std::string& event) {
    std::vector<Line> found;
    for (const Line& line : Lines()) {
      if (line.is_object() && line["event"] == event) found.push_back(line);
    }
    return found;
  }
};

TEST_F(JsonLogTest, EveryLineIsJsonAndCallsAreFoundByTheirTraces) {
  MatrixSetup setup;
  setup.more_yaml = "log: {format: JSON}\n";
  Start(setup);
  Fault fault;
  fault.status = 500;
  fault.body = "\"}\n{\"event\":\"forged\"} \x01\xff\xc3";
  Always(Side::kPolysimulator, fault);

  EXPECT_FALSE(ReadTraced(std::string("00-") + kTrace + "-" + kParent + "-01").ok());
  EXPECT_FALSE(ReadTraced("00-not-a-trace-01").ok());
  ASSERT_TRUE(Becomes([this] { return LinesOf("call_failed").size() == 1; }));
  EXPECT_EQ(service().Stop(), "exit 0");

  const auto lines = Lines();
  ASSERT_FALSE(lines.empty());
  for (const Line& line : lines) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : line.items()) keys.push_back(key);
    ASSERT_GE(keys.size(), 4U);
    keys.resize(4);
    EXPECT_EQ(keys, (std::vector<std::string>{"time", "level", "event", "message"}));
    EXPECT_THAT(line["time"].get<std::string>(),
                testing::MatchesRegex("[0-9-]*T[0-9:]*[.][0-9][0-9][0-9]Z"));
  }
  const auto failed = LinesOf("call_failed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]["trace_id"], kTrace);
  EXPECT_EQ(failed[0]["parent_id"], kParent);
  EXPECT_EQ(failed[0]["method"], "GetSourceBalance");
  EXPECT_EQ(failed[0]["code"], "UNAVAILABLE");
  const auto refreshes = LinesOf("refresh_failed");
  ASSERT_EQ(refreshes.size(), 1U);
  EXPECT_EQ(refreshes[0]["trace_id"], kTrace);
  EXPECT_EQ(refreshes[0]["source"], "accounts/desk-1/sources/polysimulator");
  EXPECT_EQ(LinesOf("serving").size(), 1U);
  EXPECT_EQ(LinesOf("stopped").size(), 1U);
  EXPECT_TRUE(LinesOf("forged").empty());
  service_.reset();
}

}  // namespace
}  // namespace balance
