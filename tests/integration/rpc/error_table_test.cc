// Bad requests: the code, the reason and the field that each gets.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include <ostream>
#include <string>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

struct BadRequestCase {
  const char* name;
  // A GetAccountSnapshotRequest in JSON.
  const char* request;
  grpc::StatusCode code;
  const char* reason;
  const char* field;
};

std::ostream& operator<<(std::ostream& out, const BadRequestCase& bad) { return out << bad.name; }

class BadRequestTest : public ServiceFixture, public testing::WithParamInterface<BadRequestCase> {
 protected:
  BadRequestTest() {
    AddAccount("desk-1");
    Serve();
  }
};

TEST_P(BadRequestTest, IsRefusedWithReasonAndField) {
  const BadRequestCase& bad = GetParam();
  v1::GetAccountSnapshotRequest request;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(bad.request, &request).ok());
  v1::AccountSnapshot snapshot;

  const auto status = Get(request, snapshot);

  const auto details = DetailsOf(status);
  EXPECT_EQ(status.error_code(), bad.code);
  EXPECT_EQ(details.info.reason(), bad.reason);
  EXPECT_EQ(details.info.domain(), "balance.v1");
  EXPECT_EQ(details.status.message(), status.error_message());
  if (*bad.field != '\0') {
    EXPECT_EQ(details.info.metadata().at("field"), bad.field);
  }
  EXPECT_EQ(Real("desk-1").requests(), 0);
}

constexpr auto kInvalid = grpc::StatusCode::INVALID_ARGUMENT;

INSTANTIATE_TEST_SUITE_P(
    Table, BadRequestTest,
    testing::Values(
        BadRequestCase{"WordAsName", R"({"name":"nonsense"})", kInvalid, "INVALID_NAME", "name"},
        BadRequestCase{"UpperCaseId", R"({"name":"accounts/Desk"})", kInvalid, "INVALID_NAME",
                       "name"},
        BadRequestCase{"UnknownAccount", R"({"name":"accounts/other"})",
                       grpc::StatusCode::NOT_FOUND, "ACCOUNT_NOT_CONFIGURED", ""},
        BadRequestCase{"NegativeMaxAge", R"({"policy":{"maxAge":"-1s"}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.max_age"},
        BadRequestCase{"NegativeMaxStale", R"({"policy":{"maxStale":"-0.001s"}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.max_stale"},
        BadRequestCase{"FutureNotBefore", R"({"policy":{"notBefore":"2999-01-01T00:00:00Z"}})",
                       kInvalid, "INVALID_READ_POLICY", "policy.not_before"},
        BadRequestCase{"UnknownSourceFilter", R"({"sources":["other"]})", kInvalid,
                       "INVALID_READ_POLICY", "sources"},
        BadRequestCase{"UnknownRequiredSource",
                       R"({"policy":{"require":"NAMED","requiredSources":["other"]}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.required_sources"},
        BadRequestCase{"NamedWithoutNames", R"({"policy":{"require":"NAMED"}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.required_sources"},
        BadRequestCase{"NamesWithoutNamed", R"({"policy":{"requiredSources":["real"]}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.required_sources"},
        BadRequestCase{
            "RequiredSourceIsFilteredOut",
            R"({"sources":["paper"],"policy":{"require":"NAMED","requiredSources":["real"]}})",
            kInvalid, "INVALID_READ_POLICY", "policy.required_sources"},
        BadRequestCase{"UnknownRequire", R"({"policy":{"require":17}})", kInvalid,
                       "INVALID_READ_POLICY", "policy.require"},
        BadRequestCase{"UnknownView", R"({"view":17})", kInvalid, "INVALID_VIEW", "view"},
        BadRequestCase{"UnknownFundClass", R"({"fundClass":17})", kInvalid, "INVALID_FUND_CLASS",
                       "fund_class"}),
    [](const auto& tested) { return std::string(tested.param.name); });

class LongNameTest : public ServiceFixture {
 protected:
  LongNameTest() {
    AddAccount("desk-1");
    Serve();
  }
};

// gRPC clients refuse more than 8 KiB of trailers, and with them the error that they hold.
TEST_F(LongNameTest, IsNotRepeatedInTheError) {
  v1::GetAccountSnapshotRequest request;
  request.add_sources(std::string(5000, 's'));
  v1::AccountSnapshot snapshot;

  const auto status = Get(request, snapshot);

  EXPECT_EQ(status.error_code(), kInvalid) << status.error_message();
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_READ_POLICY");
  EXPECT_LT(status.error_message().size(), 300U);
}

// What gRPC's own retries of the published service config make of an answer.
class RetryPushbackTest : public ServiceFixture {
 protected:
  RetryPushbackTest() {
    AddAccount("desk-1");
    Serve();
  }

  // `CODE PUSHBACK` of a read of the source anew, or `none` without one.
  std::string Told(const std::string& name) {
    v1::GetSourceBalanceRequest request;
    request.set_name(name);
    request.mutable_policy()->mutable_max_age();
    request.mutable_policy()->mutable_max_stale();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    v1::SourceBalance source;
    const auto status = stub_->GetSourceBalance(&context, request, &source);
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto found = trailers.find("grpc-retry-pushback-ms");
    return std::to_string(status.error_code()) + " " +
           (found == trailers.end() ? "none"
                                    : std::string(found->second.data(), found->second.size()));
  }
};

TEST_F(RetryPushbackTest, OfAnUpstreamThatIsUnreachableIsNever) {
  Real("desk-1").FailWith(ErrorKind::kUnreachable);

  EXPECT_EQ(Told("accounts/desk-1/sources/real"), "14 -1");
}

TEST_F(RetryPushbackTest, IsSaidOfNoOtherAnswer) {
  Real("desk-1").FailWith(ErrorKind::kCredentialsRejected);

  EXPECT_EQ(Told("accounts/desk-1/sources/paper"), "0 none");
  EXPECT_EQ(Told("nonsense/name"), "3 none");
  EXPECT_EQ(Told("accounts/desk-1/sources/other"), "5 none");
  EXPECT_EQ(Told("accounts/desk-1/sources/real"), "9 none");
}

class NotARequestTest : public ServiceFixture, public testing::WithParamInterface<const char*> {};

TEST_P(NotARequestTest, IsToldWhatItShouldHaveBeen) {
  AddAccount("desk-1");
  Serve();

  const grpc::Status status =
      SendBytes(std::string("/balance.v1.BalanceService/") + GetParam(), "\xff\xff");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_REQUEST");
  EXPECT_THAT(status.error_message(), testing::HasSubstr(std::string(GetParam()) + "Request"));
}

INSTANTIATE_TEST_SUITE_P(EveryMethod, NotARequestTest, testing::ValuesIn(kRpcMethodNames));

}  // namespace
}  // namespace balance
