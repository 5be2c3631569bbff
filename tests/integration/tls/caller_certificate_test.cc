// M54: who a certificate makes the caller, through the service's own TLS.

#include <gmock/gmock.h>

#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::hours;

constexpr const char* kBot = "spiffe://desk.example/bot";

// "bot" may see desk-1, "risk" everything.
class CallerCertificateTest : public TlsServiceTest {
 protected:
  CallerCertificateTest() {
    auto started = sandbox::Sandbox::Start();
    if (!started) throw std::runtime_error(started.error().message);
    upstreams_ = std::move(*started);
    base_url_ = upstreams_->BaseUrl(Side::kPolysimulator);
    api_key_ = upstreams_->polysim_key().api_key;
  }

  void StartWithCallers(const std::string& tls = "") {
    Start(tls,
          "callers:\n"
          "- {id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: [desk-1]}\n"
          "- {id: risk, dns_name: risk.desk.example, accounts: ['*']}\n");
  }

  grpc::Status GetAccount(const TestCertificate& certificate,
                          const std::string& name = "accounts/desk-1") {
    const auto stub = v1::BalanceService::NewStub(NewChannel(certificate));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    v1::GetAccountSnapshotRequest request;
    request.set_name(name);
    v1::AccountSnapshot snapshot;
    return stub->GetAccountSnapshot(&context, request, &snapshot);
  }

  std::uint64_t UpstreamRequests() {
    return upstreams_->Counters(Side::kPolysimulator).total.requests;
  }

  void ExpectServed(const CertificateRequest& names) {
    const auto status = GetAccount(ca_.Issue(names));
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(UpstreamRequests(), 1U);
  }

  // By the handler, which asks nothing upstream.
  void ExpectDenied(const TestCertificate& certificate, grpc::StatusCode code,
                    const std::string& refusal, const std::string& name = "accounts/desk-1") {
    const auto status = GetAccount(certificate, name);
    google::rpc::Status details;
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(details.ParseFromString(status.error_details()));
    ASSERT_EQ(details.details_size(), 1);
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(info.metadata().at("refusal"), refusal);
    EXPECT_EQ(CallsStarted(), 1);
    EXPECT_EQ(UpstreamRequests(), 0U);
  }

  void ExpectNoHandshake(const TestCertificate& certificate) {
    EXPECT_EQ(GetAccount(certificate).error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(CallsStarted(), 0);
    EXPECT_EQ(UpstreamRequests(), 0U);
  }

  std::unique_ptr<sandbox::Sandbox> upstreams_;
};

TEST_F(CallerCertificateTest, M54_TheOnlySpiffeIdIsTheCaller) {
  StartWithCallers();
  ExpectServed({.uris = {kBot}});
}

TEST_F(CallerCertificateTest, M54_TheOnlyDnsNameIsTheCaller) {
  StartWithCallers();
  ExpectServed({.dns_names = {"risk.desk.example"}});
}

TEST_F(CallerCertificateTest, M54_AnotherAccountIsNotAllowed) {
  StartWithCallers();
  ExpectDenied(ca_.Issue({.uris = {kBot}}), grpc::StatusCode::PERMISSION_DENIED,
               "ACCOUNT_NOT_ALLOWED", "accounts/desk-2");
}

TEST_F(CallerCertificateTest, M54_AnotherSpiffeIdIsNotAllowed) {
  StartWithCallers();
  ExpectDenied(ca_.Issue({.uris = {"spiffe://desk.example/stranger"}}),
               grpc::StatusCode::PERMISSION_DENIED, "UNKNOWN_CERTIFICATE");
}

TEST_F(CallerCertificateTest, M54_BesideAUriADnsNameCountsForNothing) {
  StartWithCallers();
  ExpectDenied(
      ca_.Issue({.uris = {"spiffe://desk.example/stranger"}, .dns_names = {"risk.desk.example"}}),
      grpc::StatusCode::PERMISSION_DENIED, "UNKNOWN_CERTIFICATE");
}

TEST_F(CallerCertificateTest, M54_TwoSpiffeIdsAreNobody) {
  StartWithCallers();
  ExpectDenied(ca_.Issue({.uris = {kBot, "spiffe://desk.example/stranger"}}),
               grpc::StatusCode::UNAUTHENTICATED, "AMBIGUOUS_CERTIFICATE");
}

TEST_F(CallerCertificateTest, M54_TwoDnsNamesAreNobody) {
  StartWithCallers();
  ExpectDenied(ca_.Issue({.dns_names = {"risk.desk.example", "stranger.desk.example"}}),
               grpc::StatusCode::UNAUTHENTICATED, "AMBIGUOUS_CERTIFICATE");
}

TEST_F(CallerCertificateTest, M54_WhereNoneIsNeededNoneIsNobody) {
  StartWithCallers("  client_certificate: OPTIONAL\n");
  ExpectDenied({}, grpc::StatusCode::UNAUTHENTICATED, "NOTHING_SHOWN");
}

TEST_F(CallerCertificateTest, M54_AnotherCasCertificateOfTheRightNameDoesNotConnect) {
  StartWithCallers();
  ExpectNoHandshake(TestCa("test ca").Issue({.uris = {kBot}}));
}

TEST_F(CallerCertificateTest, M54_AnExpiredCertificateOfTheRightNameDoesNotConnect) {
  StartWithCallers();
  ExpectNoHandshake(ca_.Issue({.uris = {kBot}, .not_before = -hours(2), .not_after = -hours(1)}));
}

TEST_F(CallerCertificateTest, M54_WithoutACertificateNobodyConnects) {
  StartWithCallers();
  ExpectNoHandshake({});
}

}  // namespace
}  // namespace balance
