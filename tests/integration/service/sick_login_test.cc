// Rows of the fault matrix in tests/README.md: logins of one venue side by side, of which some are
// in trouble.

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;

constexpr const char* kHealthy = "accounts/desk-2/sources/polysimulator";

std::string CountedAs(const std::string& api_key) { return api_key.substr(0, 16); }

int RequestsOf(RunningService& service, const std::string& api_key) {
  auto counters = service.upstreams().Counters(Side::kPolysimulator);
  return static_cast<int>(counters.by_key[CountedAs(api_key)].requests);
}

sandbox::Fault Always(const std::string& api_key, int status, const std::string& body = "") {
  sandbox::Fault fault;
  fault.status = status;
  fault.body = body;
  fault.key = CountedAs(api_key);
  fault.count = 0;
  return fault;
}

// An account with one PolySimulator login of its own.
class Desk {
 public:
  Desk(RunningService& service, std::string id)
      : id_(std::move(id)), key_(sandbox::GeneratePolysimKey()) {
    EXPECT_TRUE(service.upstreams().AddKey(key_));
    service.WriteSecret(id_, key_.api_key);
    service.Edit("cache: ", "- id: " + id_ +
                                "\n  sources:\n  - id: polysimulator\n    polysimulator:\n"
                                "      base_url: " +
                                service.upstreams().BaseUrl(Side::kPolysimulator) +
                                "\n      api_key: {file: " + service.FilePath(id_) +
                                "}\n"
                                "cache: ");
  }

  std::string source() const { return "accounts/" + id_ + "/sources/polysimulator"; }
  const std::string& api_key() const { return key_.api_key; }

 private:
  std::string id_;
  sandbox::PolysimKey key_;
};

struct Trouble {
  const char* name;
  int status;
  const char* body;
  const char* reason;

  friend void PrintTo(const Trouble& it, std::ostream* out) { *out << it.name; }
};

class SickLoginTest : public testing::TestWithParam<Trouble> {};

TEST_P(SickLoginTest, M80_AHealthyLoginBesideItIsReadEachTimeItIsAskedFor) {
  RunningService service;
  const Trouble& trouble = GetParam();
  const std::string sick_key = service.upstreams().polysim_key().api_key;
  service.upstreams().Push(Side::kPolysimulator, Always(sick_key, trouble.status, trouble.body));
  constexpr int kReads = 30;
  v1::SourceBalance source;
  for (int i = 0; i < kReads; ++i) {
    EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), trouble.reason);
    const auto status = service.GetSource(kHealthy, source);
    ASSERT_TRUE(status.ok()) << i << ": " << status.error_message();
    EXPECT_FALSE(source.has_failure());
  }

  EXPECT_LT(RequestsOf(service, sick_key), kReads / 2);
  EXPECT_NE(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
  EXPECT_EQ(service.PathOf(kHealthy).breaker_state(), v1::Source::CLOSED);
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests,
            static_cast<unsigned>(kReads + RequestsOf(service, sick_key)));
}

INSTANTIATE_TEST_SUITE_P(Table, SickLoginTest,
                         testing::Values(Trouble{"InternalError", 500, "", "SOURCE_ERROR"},
                                         Trouble{"Conflict", 409, "", "SOURCE_ERROR"},
                                         Trouble{"Unparsable", 200, "<html>",
                                                 "SOURCE_REPLY_INVALID"}),
                         [](const auto& tested) { return std::string(tested.param.name); });

class RefusedRequestTest : public testing::TestWithParam<int> {};

TEST_P(RefusedRequestTest, M81_IsNotAskedAgainAtFullRate) {
  RunningService service;
  const std::string key = service.upstreams().polysim_key().api_key;
  service.upstreams().Push(Side::kPolysimulator, Always(key, GetParam()));
  v1::SourceBalance source;
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_ERROR");
  }

  EXPECT_LT(RequestsOf(service, key), 10);
  EXPECT_NE(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
}

INSTANTIATE_TEST_SUITE_P(Status, RefusedRequestTest, testing::Values(301, 302, 400, 404, 410, 451));

TEST(ManyLoginsTest, M80_ThreeBadAndThreeGoodAtAColdStart) {
  RunningService service;
  std::vector<Desk> bad;
  std::vector<Desk> good;
  for (int i = 0; i < 3; ++i) {
    bad.emplace_back(service, "bad-" + std::to_string(i));
    good.emplace_back(service, "good-" + std::to_string(i));
  }
  service.upstreams().Push(Side::kPolysimulator, Always(bad[0].api_key(), 500));
  service.upstreams().Push(Side::kPolysimulator, Always(bad[1].api_key(), 409));
  service.upstreams().Push(Side::kPolysimulator, Always(bad[2].api_key(), 200, "<html>"));
  service.Reload();

  v1::SourceBalance source;
  for (int i = 0; i < 10; ++i) {
    for (const Desk& desk : bad) EXPECT_FALSE(service.GetSource(desk.source(), source).ok());
  }
  for (const Desk& desk : good) {
    const auto status = service.GetSource(desk.source(), source);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  for (const Desk& desk : bad) {
    const std::string reason = ReasonOf(service.GetSource(desk.source(), source));
    EXPECT_EQ(reason, &desk == &bad[2] ? "SOURCE_REPLY_INVALID" : "SOURCE_ERROR");
  }
}

TEST(HostDownTest, M82_WhoHasNotMetTheOutageIsReadAsSoonAsItIsOver) {
  RunningService service;
  service.upstreams().Unplug(Side::kPolysimulator);
  v1::SourceBalance source;
  grpc::Status status;
  for (int i = 0; i < 5; ++i) status = service.GetSource("polysimulator", source);
  EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
  EXPECT_NE(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
  // It has met nothing yet.
  EXPECT_EQ(service.PathOf(kHealthy).breaker_state(), v1::Source::CLOSED);
  ASSERT_TRUE(service.upstreams().Plug(Side::kPolysimulator));

  EXPECT_TRUE(service.GetSource(kHealthy, source).ok());
}

}  // namespace
}  // namespace balance
