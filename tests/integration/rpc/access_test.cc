// Who may see what, over real channels.

#include <gmock/gmock.h>
#include <sodium.h>

#include "service/rpc/page.h"
#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/test_ca.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TokenHash HashOf(const std::string& token, WallTime expire_time = WallTime::max()) {
  TokenHash hash;
  crypto_hash_sha256(hash.sha256.data(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  hash.expire_time = expire_time;
  return hash;
}

CallerRule Rule(const std::string& id, decltype(CallerRule::identity) identity,
                std::set<std::string, std::less<>> accounts) {
  CallerRule rule;
  rule.id = id;
  rule.identity = std::move(identity);
  rule.all_accounts = accounts.empty();
  rule.accounts = std::move(accounts);
  rule.methods.set();
  return rule;
}

std::shared_ptr<const TlsContext> ServerTls(const TestCa& ca, const TestCa& clients) {
  EXPECT_GE(sodium_init(), 0);
  const TestCertificate own = ca.Issue({.dns_names = {"localhost"}});
  const Secret key(own.key_pem);
  return TlsContext::Make({own.cert_pem, key, clients.cert_pem(), ClientCertificates::kRequired})
      .value();
}

// "robot" may see desk-1 by certificate, "risk" everything by certificate, "board" desk-2 by token,
// and ListSources is all that "census" may use.
class AccessTest : public ServiceFixture {
 protected:
  AccessTest() {
    AddAccount("desk-1");
    AddAccount("desk-2");
    for (const char* account : {"desk-1", "desk-2"}) {
      Real(account).AnswerWith("10.00");
      Paper(account).AnswerWith("20.00");
    }
  }

  static std::vector<CallerRule> Rules() {
    std::vector<CallerRule> rules = {
        Rule("robot", SpiffeId{"spiffe://desk.example/robot"}, {"desk-1"}),
        Rule("risk", DnsName{"risk.desk.example"}, {}),
        Rule("board", BearerTokens{"", {HashOf("board-token"), HashOf("old", WallTime())}},
             {"desk-2"}),
        Rule("census", BearerTokens{"", {HashOf("census-token")}}, {}),
    };
    rules.back().methods.reset();
    rules.back().methods.set(static_cast<std::size_t>(RpcMethod::kListSources));
    return rules;
  }

  void ServePlaintext() { Serve(Rules()); }

  // Connects with a certificate of `issuer` with these names.
  void ServeTls(const TestCa& issuer, const CertificateRequest& names) {
    Serve(Rules(), ServerTls(ca_, ca_));
    const TestCertificate own = issuer.Issue(names);
    // By address: c-ares, which looks names up, leaks.
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    stub_ = v1::BalanceService::NewStub(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(port_),
        grpc::SslCredentials({ca_.cert_pem(), own.key_pem, own.cert_pem}), arguments));
  }

  grpc::Status GetAccount(const std::string& name, const std::string& token = "") {
    v1::GetAccountSnapshotRequest request;
    request.set_name(name);
    v1::AccountSnapshot snapshot;
    grpc::ClientContext context;
    Prepare(context, token);
    return stub_->GetAccountSnapshot(&context, request, &snapshot);
  }

  // A caller that shows itself by these values of `authorization`.
  grpc::Status GetAccountAs(const std::vector<std::string>& authorizations) {
    grpc::ClientContext context;
    Prepare(context, "");
    for (const auto& value : authorizations) context.AddMetadata("authorization", value);
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/desk-2");
    v1::AccountSnapshot snapshot;
    return stub_->GetAccountSnapshot(&context, request, &snapshot);
  }

  static void Prepare(grpc::ClientContext& context, const std::string& token) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  }

  // `CODE REASON REFUSAL` of a failed call, "OK" of another.
  static std::string Told(const grpc::Status& status) {
    if (status.ok()) return "OK";
    const ErrorDetails details = DetailsOf(status);
    return std::to_string(status.error_code()) + " " + details.info.reason() + " " +
           details.info.metadata().at("refusal");
  }

  int Requests() {
    int requests = 0;
    for (const auto& [name, upstream] : upstreams_) requests += upstream->requests();
    return requests;
  }

  const TestCa ca_;
};

constexpr const char* kUnknownToken = "16 CALLER_UNKNOWN UNKNOWN_TOKEN";
constexpr const char* kMalformed = "16 CALLER_UNKNOWN MALFORMED_AUTHORIZATION";
constexpr const char* kNotThatAccount = "7 CALLER_NOT_ALLOWED ACCOUNT_NOT_ALLOWED";

TEST_F(AccessTest, M54_ACertificateOfTheRightNameSeesItsAccount) {
  ServeTls(ca_, {.uris = {"spiffe://desk.example/robot"}});

  EXPECT_EQ(Told(GetAccount("accounts/desk-1")), "OK");
  EXPECT_EQ(Told(GetAccount("accounts/desk-2")), kNotThatAccount);
}

TEST_F(AccessTest, M54_ADnsNameWillDoWithoutAnyUri) {
  ServeTls(ca_, {.dns_names = {"risk.desk.example"}});

  EXPECT_EQ(Told(GetAccount("accounts/desk-1")), "OK");
  EXPECT_EQ(Told(GetAccount("accounts/desk-2")), "OK");
}

TEST_F(AccessTest, M54_AnotherSpiffeIdIsNotAllowed) {
  ServeTls(ca_, {.uris = {"spiffe://desk.example/stranger"}});

  EXPECT_EQ(Told(GetAccount("accounts/desk-1")), "7 CALLER_NOT_ALLOWED UNKNOWN_CERTIFICATE");
  EXPECT_EQ(Requests(), 0);
}

TEST_F(AccessTest, M54_TwoUrisAreNobody) {
  ServeTls(ca_, {.uris = {"spiffe://desk.example/robot", "spiffe://desk.example/risk"}});

  EXPECT_EQ(Told(GetAccount("accounts/desk-1")), "16 CALLER_UNKNOWN AMBIGUOUS_CERTIFICATE");
  EXPECT_EQ(Requests(), 0);
}

TEST_F(AccessTest, M54_ACertificateOfAnotherAuthorityDoesNotConnect) {
  ServeTls(TestCa("another"), {.uris = {"spiffe://desk.example/robot"}});

  EXPECT_EQ(GetAccount("accounts/desk-1").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(rpc_observer_.started, 0);
}

TEST_F(AccessTest, M54_ATokenSeesItsAccount) {
  ServePlaintext();

  EXPECT_EQ(Told(GetAccount("accounts/desk-2", "board-token")), "OK");
  EXPECT_EQ(Told(GetAccount("accounts/desk-1", "board-token")), kNotThatAccount);
}

TEST_F(AccessTest, M54_OtherTokensAreNobody) {
  ServePlaintext();

  EXPECT_EQ(Told(GetAccount("accounts/desk-2", "board-toke")), kUnknownToken);
  EXPECT_EQ(Told(GetAccount("accounts/desk-2", "old")), "16 CALLER_UNKNOWN EXPIRED_TOKEN");
  EXPECT_EQ(Told(GetAccount("accounts/desk-2")), "16 CALLER_UNKNOWN NOTHING_SHOWN");
  EXPECT_EQ(Requests(), 0);
}

TEST_F(AccessTest, WhoShowsTwoTokensIsNobodyEvenIfBothAreGood) {
  ServePlaintext();
  const std::string good = "Bearer board-token";
  ASSERT_EQ(Told(GetAccountAs({good})), "OK");

  for (const std::vector<std::string>& shown : {std::vector{good, good},
                                                {good, "Bearer wrong"},
                                                {"Bearer wrong", good},
                                                {good, good, good}}) {
    EXPECT_EQ(Told(GetAccountAs(shown)), kMalformed);
  }
}

TEST_F(AccessTest, WhatIsNoBearerTokenIsNobody) {
  ServePlaintext();

  for (const char* shown :
       {"board-token", "Basic board-token", "Bearer", "Bearerboard-token", "Bearer:board-token"}) {
    EXPECT_EQ(Told(GetAccountAs({shown})), kMalformed) << shown;
  }
}

TEST_F(AccessTest, WhetherAnAccountExistsIsNotForStrangers) {
  ServePlaintext();

  EXPECT_EQ(Told(GetAccount("accounts/desk-9", "board-token")), kNotThatAccount);
}

TEST_F(AccessTest, TheOnlyAccountOfACallerNeedsNoName) {
  ServePlaintext();

  EXPECT_EQ(Told(GetAccount("", "board-token")), "OK");
}

TEST_F(AccessTest, AMethodThatIsNotAllowedIsRefused) {
  ServePlaintext();

  EXPECT_EQ(Told(GetAccount("accounts/desk-1", "census-token")),
            "7 CALLER_NOT_ALLOWED METHOD_NOT_ALLOWED");
}

TEST_F(AccessTest, EveryMethodAsksWhoIsCalling) {
  ServePlaintext();
  std::vector<std::string> told;
  const auto call = [&](auto method, auto request, auto response) {
    grpc::ClientContext context;
    Prepare(context, "wrong");
    told.push_back(Told((stub_.get()->*method)(&context, request, &response)));
  };
  using Stub = v1::BalanceService::Stub;
  call(&Stub::GetAccountSnapshot, v1::GetAccountSnapshotRequest(), v1::AccountSnapshot());
  call(&Stub::GetSourceBalance, v1::GetSourceBalanceRequest(), v1::SourceBalance());
  call(&Stub::BatchGetAccountSnapshots, v1::BatchGetAccountSnapshotsRequest(),
       v1::BatchGetAccountSnapshotsResponse());
  call(&Stub::ListAccountSnapshots, v1::ListAccountSnapshotsRequest(),
       v1::ListAccountSnapshotsResponse());
  call(&Stub::ListSources, v1::ListSourcesRequest(), v1::ListSourcesResponse());
  grpc::ClientContext context;
  Prepare(context, "wrong");
  const auto stream = stub_->WatchAccountSnapshots(&context, v1::WatchAccountSnapshotsRequest());
  v1::WatchAccountSnapshotsResponse message;
  EXPECT_FALSE(stream->Read(&message));
  told.push_back(Told(stream->Finish()));

  EXPECT_EQ(told,
            std::vector<std::string>(static_cast<std::size_t>(kRpcMethodCount), kUnknownToken));
  EXPECT_EQ(rpc_observer_.handled, kRpcMethodCount);
}

TEST_F(AccessTest, ListsHoldOnlyWhatTheCallerMaySee) {
  ServePlaintext();
  grpc::ClientContext for_sources;
  Prepare(for_sources, "board-token");
  v1::ListSourcesResponse sources;
  ASSERT_TRUE(stub_->ListSources(&for_sources, {}, &sources).ok());
  grpc::ClientContext for_snapshots;
  Prepare(for_snapshots, "board-token");
  v1::ListAccountSnapshotsResponse snapshots;
  ASSERT_TRUE(stub_->ListAccountSnapshots(&for_snapshots, {}, &snapshots).ok());

  std::vector<std::string> names;
  for (const auto& source : sources.sources()) names.push_back(source.name());
  EXPECT_THAT(names, ElementsAre("accounts/desk-2/sources/real", "accounts/desk-2/sources/paper"));
  ASSERT_EQ(snapshots.snapshots_size(), 1);
  EXPECT_EQ(snapshots.snapshots(0).name(), "accounts/desk-2");
  EXPECT_THAT(snapshots.next_page_token(), IsEmpty());
  EXPECT_EQ(snapshots.total_size(), 1);
  EXPECT_EQ(sources.total_size(), 2);
}

TEST_F(AccessTest, AForbiddenAccountsSourcesAreNotTold) {
  ServePlaintext();
  grpc::ClientContext for_balance;
  Prepare(for_balance, "board-token");
  v1::GetSourceBalanceRequest balance;
  balance.set_name("accounts/desk-1/sources/real");
  v1::SourceBalance source;
  grpc::ClientContext for_sources;
  Prepare(for_sources, "board-token");
  v1::ListSourcesRequest list;
  list.set_parent("accounts/desk-1");
  v1::ListSourcesResponse sources;

  EXPECT_EQ(Told(stub_->GetSourceBalance(&for_balance, balance, &source)), kNotThatAccount);
  EXPECT_EQ(Told(stub_->ListSources(&for_sources, list, &sources)), kNotThatAccount);
  EXPECT_EQ(sources.sources_size(), 0);
  EXPECT_EQ(Requests(), 0);
}

// Such a token tells where a page begins, and gives no right to what is on it.
TEST_F(AccessTest, APageTokenOfAnothersListShowsNothingOfIt) {
  ServePlaintext();
  const v1::ListAccountSnapshotsRequest everything;
  for (const char* last : {"desk-0", "desk-1"}) {
    grpc::ClientContext context;
    Prepare(context, "board-token");
    v1::ListAccountSnapshotsRequest request;
    request.set_page_size(1);
    request.set_page_token(MakePageToken(everything, {last, ""}));
    v1::ListAccountSnapshotsResponse page;
    ASSERT_TRUE(stub_->ListAccountSnapshots(&context, request, &page).ok());

    ASSERT_EQ(page.snapshots_size(), 1);
    EXPECT_EQ(page.snapshots(0).name(), "accounts/desk-2");
    EXPECT_THAT(page.next_page_token(), IsEmpty());
  }
}

TEST_F(AccessTest, APageTokenOfAnothersSourcesShowsNothingOfThem) {
  ServePlaintext();
  const v1::ListSourcesRequest everything;
  grpc::ClientContext context;
  Prepare(context, "board-token");
  v1::ListSourcesRequest request;
  request.set_page_size(1);
  request.set_page_token(MakePageToken(everything, {"desk-1", "real"}));
  v1::ListSourcesResponse page;
  ASSERT_TRUE(stub_->ListSources(&context, request, &page).ok());

  ASSERT_EQ(page.sources_size(), 1);
  EXPECT_EQ(page.sources(0).name(), "accounts/desk-2/sources/real");
  EXPECT_EQ(page.total_size(), 2);
}

TEST_F(AccessTest, OneForbiddenNameRefusesTheBatch) {
  ServePlaintext();
  grpc::ClientContext context;
  Prepare(context, "board-token");
  v1::BatchGetAccountSnapshotsRequest request;
  request.add_names("accounts/desk-2");
  request.add_names("accounts/desk-1");
  v1::BatchGetAccountSnapshotsResponse response;

  EXPECT_EQ(Told(stub_->BatchGetAccountSnapshots(&context, request, &response)), kNotThatAccount);
}

TEST_F(AccessTest, DenialsAreReportedWithoutTheToken) {
  ServePlaintext();
  GetAccount("accounts/desk-1", "board-token");
  GetAccount("accounts/desk-1", "wrong-token");

  const auto denials = rpc_observer_.denials();
  ASSERT_EQ(denials.size(), 2U);
  EXPECT_EQ(denials[0].caller, "board");
  EXPECT_EQ(denials[0].account, "accounts/desk-1");
  EXPECT_EQ(denials[0].method, RpcMethod::kGetAccountSnapshot);
  EXPECT_THAT(denials[0].peer, testing::StartsWith("127.0.0.1:"));
  EXPECT_EQ(denials[1].refusal, AccessRefusal::kUnknownToken);
  EXPECT_THAT(denials[1].caller, IsEmpty());
  EXPECT_THAT(denials[1].certificate, IsEmpty());
}

TEST_F(AccessTest, ADenialHoldsTheNamesInTheCertificate) {
  ServeTls(ca_, {.uris = {"spiffe://desk.example/stranger"},
                 .dns_names = {"stranger.desk.example", "other.desk.example"}});
  GetAccount("accounts/desk-1");
  GetAccount("accounts/desk-1", "wrong-token");

  const auto denials = rpc_observer_.denials();
  ASSERT_EQ(denials.size(), 2U);
  EXPECT_EQ(denials[0].refusal, AccessRefusal::kUnknownCertificate);
  EXPECT_EQ(denials[1].refusal, AccessRefusal::kUnknownToken);
  for (const AccessDenial& denial : denials) {
    EXPECT_EQ(denial.certificate,
              "spiffe://desk.example/stranger stranger.desk.example other.desk.example");
  }
}

}  // namespace
}  // namespace balance
