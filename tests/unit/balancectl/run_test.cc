#include "clients/balancectl/run.h"

#include <gmock/gmock.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "clients/balancectl/exit_code.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proto/balance_v1_grpc.h"

namespace balance::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

v1::AccountSnapshot Snapshot(const std::string& account, bool complete) {
  v1::AccountSnapshot snapshot;
  snapshot.set_name("accounts/" + account);
  auto& source = *snapshot.add_sources();
  source.set_name("accounts/" + account + "/sources/pm");
  source.set_fund_class(v1::REAL_MONEY);
  source.set_state(v1::SourceBalance::FRESH);
  auto& balance = *source.mutable_balance_set()->add_balances();
  balance.set_currency_code("USD");
  balance.mutable_cash()->set_value("12345678901234567890.10");
  snapshot.mutable_completeness()->set_configured(1);
  snapshot.mutable_completeness()->set_fresh(complete ? 1 : 0);
  snapshot.mutable_completeness()->set_complete(complete);
  return snapshot;
}

// Answers from what the test put in; keeps what it was asked.
class FakeService final : public v1::BalanceService::Service {
 public:
  grpc::Status GetAccountSnapshot(grpc::ServerContext* context,
                                  const v1::GetAccountSnapshotRequest* request,
                                  v1::AccountSnapshot* response) override {
    get_request = *request;
    const auto [first, last] = context->client_metadata().equal_range("authorization");
    for (auto it = first; it != last; ++it) {
      authorization.emplace_back(it->second.data(), it->second.size());
    }
    *response = snapshot;
    return get_status;
  }

  grpc::Status ListAccountSnapshots(grpc::ServerContext*,
                                    const v1::ListAccountSnapshotsRequest* request,
                                    v1::ListAccountSnapshotsResponse* response) override {
    page_sizes.push_back(request->page_size());
    const int page_size = request->page_size() == 0 ? 50 : request->page_size();
    if (page_size > most_a_page) return TooLarge();
    page_tokens.push_back(request->page_token());
    const std::size_t page = page_tokens.size() - 1;
    *response->add_snapshots() = pages.at(page);
    if (page + 1 < pages.size()) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }

  grpc::Status ListSources(grpc::ServerContext*, const v1::ListSourcesRequest* request,
                           v1::ListSourcesResponse* response) override {
    sources_requests.push_back(*request);
    const std::size_t page = sources_requests.size() - 1;
    response->add_sources()->set_name(request->parent() + "/sources/" + sources.at(page));
    if (page + 1 < sources.size()) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }

  static grpc::Status TooLarge() {
    google::rpc::ErrorInfo info;
    info.set_reason("ANSWER_TOO_LARGE");
    google::rpc::Status details;
    details.add_details()->PackFrom(info);
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "ask with a smaller page_size",
            details.SerializeAsString()};
  }

  v1::AccountSnapshot snapshot;
  grpc::Status get_status;
  // Larger pages of snapshots make too large an answer. 0 is one of 50.
  int most_a_page = 50;
  std::vector<int> page_sizes;
  std::vector<v1::AccountSnapshot> pages;
  // Each on a page of its own.
  std::vector<std::string> sources = {"pm"};

  v1::GetAccountSnapshotRequest get_request;
  std::vector<std::string> authorization;
  std::vector<std::string> page_tokens;
  std::vector<v1::ListSourcesRequest> sources_requests;
};

// A file for one test.
class TempFile {
 public:
  explicit TempFile(const std::string& content)
      : path_(::testing::TempDir() + "/balancectl_run_test_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::ofstream(path_) << content;
  }
  ~TempFile() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// balancectl against a fake service over loopback TCP, with gRPC's own health service beside it.
class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }

  // The exit status of balancectl with these arguments.
  int Balancectl(std::vector<std::string> words) {
    words.insert(words.begin(), "balancectl");
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    Environment environment;
    environment.server = "127.0.0.1:" + std::to_string(port_);
    const auto args = ParseArgs(static_cast<int>(argv.size()), argv.data(), environment);
    if (!args) {
      ADD_FAILURE() << args.error().text;
      return args.error().exit_code;
    }
    return ctl::Run(*args, {out_, err_, {}, [] { return WallTime(); }});
  }

  FakeService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RunTest, GetShowsACompleteAnswer) {
  service_.snapshot = Snapshot("desk", true);

  EXPECT_EQ(Balancectl({"get", "desk", "--max-age", "1s", "--source", "pm", "--view", "basic"}), 0);

  EXPECT_THAT(out_.str(), HasSubstr("12345678901234567890.10"));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(service_.get_request.name(), "accounts/desk");
  EXPECT_EQ(service_.get_request.policy().max_age().seconds(), 1);
  EXPECT_THAT(service_.get_request.sources(), ElementsAre("pm"));
  EXPECT_EQ(service_.get_request.view(), v1::BASIC);
}

TEST_F(RunTest, GetOfAPartialAnswerExitsWithTwo) {
  service_.snapshot = Snapshot("desk", false);

  EXPECT_EQ(Balancectl({"get"}), 2);
  EXPECT_EQ(Balancectl({"get", "--output", "json"}), 2);
  EXPECT_THAT(out_.str(), HasSubstr("PARTIAL"));
}

TEST_F(RunTest, JsonIsOneDocumentInLowerCamelCase) {
  service_.snapshot = Snapshot("desk", true);
  auto& failure = *service_.snapshot.mutable_sources(0)->mutable_failure();
  google::rpc::ErrorInfo info;
  info.set_reason("SOURCE_ERROR");
  failure.mutable_status()->add_details()->PackFrom(info);

  EXPECT_EQ(Balancectl({"get", "--output", "json"}), 0);

  EXPECT_THAT(out_.str(), HasSubstr("\"balanceSet\": {"));
  EXPECT_THAT(out_.str(), HasSubstr("\"value\": \"12345678901234567890.10\""));
  EXPECT_THAT(out_.str(), HasSubstr("\"reason\": \"SOURCE_ERROR\""));
  EXPECT_TRUE(out_.str().ends_with("}\n"));
  EXPECT_FALSE(out_.str().ends_with("\n\n"));
}

TEST_F(RunTest, JsonHasNoControlCharacters) {
  service_.snapshot = Snapshot("desk", true);
  service_.snapshot.set_name("a\x1b[2J\x7f\u009b\u202e");

  EXPECT_EQ(Balancectl({"get", "--output", "json"}), 0);

  for (const char* raw : {"\x1b", "\x7f", "\u009b", "\u202e"}) {
    EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr(raw)));
  }
}

TEST_F(RunTest, RpcErrorIsOneLineAndExitsWithOne) {
  google::rpc::ErrorInfo info;
  info.set_reason("ACCOUNT_NOT_CONFIGURED");
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  service_.get_status =
      grpc::Status(grpc::StatusCode::NOT_FOUND, "No account \"x\".", details.SerializeAsString());

  EXPECT_EQ(Balancectl({"get", "x"}), 1);

  EXPECT_EQ(err_.str(), "balancectl: NOT_FOUND (ACCOUNT_NOT_CONFIGURED): No account \"x\".\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RunTest, ServerThatIsAwayIsOneLineAndExitsWithOne) {
  server_->Shutdown();

  EXPECT_EQ(Balancectl({"get", "--timeout", "5s"}), 1);

  EXPECT_THAT(err_.str(),
              MatchesRegex("balancectl: UNAVAILABLE: .*\\[server=127.0.0.1:[0-9]+\\]\n"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(RunTest, ListReadsAllPages) {
  service_.pages = {Snapshot("a", true), Snapshot("b", true), Snapshot("c", false)};

  EXPECT_EQ(Balancectl({"list", "--page-size", "1"}), 2);

  EXPECT_THAT(service_.page_tokens, ElementsAre("", "1", "2"));
  EXPECT_THAT(out_.str(), HasSubstr("3 accounts: 2 complete, 1 partial\n"));
}

TEST_F(RunTest, ListAsJsonIsOneDocumentWithoutPageToken) {
  service_.pages = {Snapshot("a", true), Snapshot("b", true)};

  EXPECT_EQ(Balancectl({"list", "--output", "json"}), 0);

  EXPECT_TRUE(out_.str().starts_with("{\n \"snapshots\": ["));
  EXPECT_THAT(out_.str(), HasSubstr("accounts/b"));
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("nextPageToken")));
}

TEST_F(RunTest, SourcesOfOneAccount) {
  EXPECT_EQ(Balancectl({"sources", "desk"}), 0);

  EXPECT_TRUE(out_.str().starts_with("accounts/desk\n"));
}

TEST_F(RunTest, ListAsksForSmallerPagesWhereAnswersAreTooLarge) {
  service_.pages = {Snapshot("a", true), Snapshot("b", true), Snapshot("c", true)};
  service_.most_a_page = 4;

  EXPECT_EQ(Balancectl({"list"}), 0);

  EXPECT_THAT(service_.page_sizes, ElementsAre(0, 16, 8, 4, 4, 4));
  EXPECT_THAT(service_.page_tokens, ElementsAre("", "1", "2"));
}

TEST_F(RunTest, ListFailsWhereASingleAccountIsTooLarge) {
  service_.pages = {Snapshot("a", true)};
  service_.most_a_page = 0;

  EXPECT_EQ(Balancectl({"list", "--page-size", "3"}), kExitFailed);

  EXPECT_THAT(service_.page_sizes, ElementsAre(3, 1));
  EXPECT_THAT(err_.str(), HasSubstr("ANSWER_TOO_LARGE"));
}

TEST_F(RunTest, SourcesReadsAllPages) {
  service_.sources = {"pm", "ps", "spare"};

  EXPECT_EQ(Balancectl({"sources", "desk", "--page-size", "1"}), 0);

  ASSERT_EQ(service_.sources_requests.size(), 3U);
  for (const auto& request : service_.sources_requests) {
    EXPECT_EQ(request.parent(), "accounts/desk");
    EXPECT_EQ(request.page_size(), 1);
  }
  EXPECT_EQ(service_.sources_requests[2].page_token(), "2");
  for (const std::string& source : service_.sources) EXPECT_THAT(out_.str(), HasSubstr(source));
}

TEST_F(RunTest, HealthFollowsTheServer) {
  EXPECT_EQ(Balancectl({"health"}), 0);
  server_->GetHealthCheckService()->SetServingStatus("", false);
  EXPECT_EQ(Balancectl({"health"}), 1);

  EXPECT_EQ(out_.str(), "SERVING\nNOT_SERVING\n");
}

TEST_F(RunTest, HealthAsJson) {
  EXPECT_EQ(Balancectl({"health", "--output", "json"}), 0);

  EXPECT_EQ(out_.str(), "{\n \"status\": \"SERVING\"\n}\n");
}

TEST_F(RunTest, TokenIsSentAsBearer) {
  const TempFile token("s3cret-token\n");

  Balancectl({"get", "--token-file", token.path()});

  EXPECT_THAT(service_.authorization, ElementsAre("Bearer s3cret-token"));
}

TEST_F(RunTest, UnusableTokenIsAUsageErrorThatDoesNotShowIt) {
  const TempFile token("two tokens\n");

  EXPECT_EQ(Balancectl({"get", "--token-file", token.path()}), 64);

  EXPECT_THAT(err_.str(), HasSubstr(token.path()));
  EXPECT_THAT(err_.str(), ::testing::Not(HasSubstr("two tokens")));
}

TEST_F(RunTest, FilesThatCannotBeReadAreUsageErrors) {
  EXPECT_EQ(Balancectl({"get", "--token-file", "/nonexistent/token"}), 64);
  EXPECT_EQ(Balancectl({"get", "--tls-ca", "/nonexistent/ca"}), 64);
  EXPECT_EQ(Balancectl({"get", "--tls-ca", "/"}), 64);

  EXPECT_EQ(err_.str(),
            "balancectl: cannot read /nonexistent/token\n"
            "balancectl: cannot read /nonexistent/ca\n"
            "balancectl: cannot read /\n");
}

TEST_F(RunTest, CertificateThatIsNoPemIsAUsageErrorThatDoesNotShowIt) {
  const TempFile certificate("not a certificate");

  EXPECT_EQ(Balancectl({"get", "--tls-ca", certificate.path()}), 64);

  EXPECT_EQ(err_.str(), "balancectl: " + certificate.path() + " is not a PEM file\n");
}

TEST_F(RunTest, OutputThatCannotBeWrittenIsAFailure) {
  service_.snapshot = Snapshot("desk", true);
  out_.setstate(std::ios::badbit);

  EXPECT_EQ(Balancectl({"get"}), 1);
  EXPECT_EQ(err_.str(), "balancectl: cannot write the answer\n");
}

}  // namespace
}  // namespace balance::ctl
