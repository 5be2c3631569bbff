// M60: whatever an upstream does with the keys, none of them is ever seen outside.

#include <sodium.h>

#include <fstream>
#include <iterator>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;

std::string Hex(const std::string& text) {
  std::string hex(text.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(text.data()),
                 text.size());
  hex.pop_back();
  return hex;
}

std::string Base64(const std::string& text) {
  std::string encoded(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();
  return encoded;
}

// The forms in which a secret might slip out.
std::set<std::string> Disguises(const std::string& secret) {
  return {secret, secret.substr(0, 20), secret.substr(secret.size() / 2), Hex(secret),
          Base64(secret)};
}

struct EchoCase {
  const char* name;
  FaultKind kind;
  int status;
  // Around the secrets in the body.
  const char* before;
  const char* after;
};

std::ostream& operator<<(std::ostream& out, const EchoCase& tested) { return out << tested.name; }

class NoSecretTest : public MatrixTest {
 protected:
  std::vector<std::string> Secrets() {
    return {upstreams().polymarket_key().secret_key, upstreams().polymarket_key().key_id,
            upstreams().polysim_key().api_key};
  }

  // All that a caller and an operator can read.
  std::string EverythingSeen() {
    v1::AccountSnapshot snapshot;
    v1::ListSourcesResponse sources;
    v1::SourceBalance source;
    std::string seen;
    for (const auto& status :
         {GetAnew(snapshot), ReadAnew(kPolymarketId, source), ReadAnew(kPolysimId, source)}) {
      seen += status.error_message() + status.error_details();
    }
    {
      grpc::ClientContext context;
      EXPECT_TRUE(stub_->ListSources(&context, {}, &sources).ok());
    }
    seen += snapshot.DebugString() + sources.DebugString() + source.DebugString();
    for (const char* page : {"/metrics", "/statusz", "/healthz", "/readyz", "/?format=html"}) {
      seen += AdminPage(page);
    }
    stub_.reset();
    EXPECT_EQ(service().Stop(), "exit 0");
    const std::string log = service().Log();
    service_.reset();
    EXPECT_THAT(log, testing::HasSubstr("serving"));
    return seen + log;
  }

  void ExpectNoneSeen() {
    const std::vector<std::string> secrets = Secrets();
    const std::string seen = EverythingSeen();
    for (const std::string& secret : secrets) {
      for (const std::string& form : Disguises(secret)) {
        // Not the text, which is long.
        EXPECT_EQ(seen.find(form), std::string::npos)
            << "..." << seen.substr(seen.rfind('\n', seen.find(form)) + 1, 300);
      }
    }
  }
};

TEST_F(NoSecretTest, M60_ASecretEchoedAsRequestIdIsSeenNowhere) {
  Start();
  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    Fault fault;
    fault.status = 500;
    fault.headers = {{"X-Request-Id", upstreams().polysim_key().api_key}};
    Always(side, fault);
  }

  ExpectNoneSeen();
}

class EchoTest : public NoSecretTest, public testing::WithParamInterface<EchoCase> {};

TEST_P(EchoTest, M60_EchoedSecretsAreSeenNowhere) {
  Start();
  std::string all;
  for (const std::string& secret : Secrets()) all += secret + " ";
  Fault fault;
  fault.kind = GetParam().kind;
  fault.status = GetParam().status;
  fault.headers = {{"Location", "http://127.0.0.1:1/?key=" + Secrets().back()}, {"X-Error", all}};
  fault.body = GetParam().before + all + GetParam().after;
  Always(Side::kPolymarket, fault);
  Always(Side::kPolysimulator, fault);

  ExpectNoneSeen();
}

INSTANTIATE_TEST_SUITE_P(
    Echoes, EchoTest,
    testing::Values(EchoCase{"ServerError", FaultKind::kReply, 500, "bad key ", ""},
                    EchoCase{"Unauthorized", FaultKind::kReply, 401, R"({"message":")", R"("})"},
                    EchoCase{"Forbidden", FaultKind::kReply, 403, R"({"error":")",
                             R"(","message":"no"})"},
                    EchoCase{"RateLimited", FaultKind::kReply, 429, R"({"error":")", R"("})"},
                    EchoCase{"Redirect", FaultKind::kReply, 302, "", ""},
                    EchoCase{"MalformedReply", FaultKind::kReply, 200, R"({"balance":")", R"("})"},
                    EchoCase{"NotHttp", FaultKind::kRaw, 200, "keys ", "\r\n\r\n"},
                    EchoCase{"CutBody", FaultKind::kTruncated, 200, R"({"balance":")", ""}),
    [](const auto& tested) { return std::string(tested.param.name); });

// A reply that is a balance at both venues, with the echo wherever a text may stand.
TEST_F(NoSecretTest, M96_SecretsEchoedInABalanceAreSeenNowhere) {
  Start();
  for (const std::string& secret : {Secrets().at(1), Secrets().at(2)}) {
    std::string body =
        R"({"balance":"1","currency":"#","#":"#","balances":[{"currentBalance":1,"currency":"#",)"
        R"("displayedCash":"x#","new-#":"#","lastUpdated":"#","pendingWithdrawals":[{"id":"#",)"
        R"("description":"#","name":"#","status":"#","#":1}]}]})";
    for (auto at = body.find('#'); at != body.npos; at = body.find('#', at + secret.size())) {
      body.replace(at, 1, secret);
    }
    Fault fault;
    fault.headers = {{"Content-Type", "application/json"}, {"X-Request-Id", secret}};
    fault.body = body;
    Always(secret == Secrets().at(1) ? Side::kPolymarket : Side::kPolysimulator, fault);
  }

  ExpectNoneSeen();
}

TEST_F(MatrixTest, M60_ACrashLeavesNoCoreFile) {
  Start();
  std::ifstream limits("/proc/" + std::to_string(service().pid()) + "/limits");
  const std::string text{std::istreambuf_iterator<char>(limits), {}};

  EXPECT_THAT(text, testing::ContainsRegex("Max core file size +0 +0 "));
}

}  // namespace
}  // namespace balance
