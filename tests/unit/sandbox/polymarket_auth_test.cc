#include "tests/sandbox/polymarket_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/sandbox/encoding.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;

constexpr const char* kTimestamp = "1756670000000";
constexpr WallTime kThen{milliseconds(1756670000000)};

class PolymarketAuthTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(sodium_init(), 0);
    ASSERT_TRUE(auth_.AddKey(VectorKey()));
  }

  AuthFailure JudgeSigned(const std::string& path, const std::string& signature,
                          const std::string& key_id = VectorKey().key_id) {
    const HttpCall call = Get(path, {{"X-PM-Access-Key", key_id},
                                     {"X-PM-Timestamp", kTimestamp},
                                     {"X-PM-Signature", signature}});
    return auth_.Judge(call, path, kThen).failure;
  }

  PolymarketAuth auth_;
};

TEST_F(PolymarketAuthTest, AcceptsThePublishedVectors) {
  EXPECT_EQ(JudgeSigned(kPolymarketBalances,
                        "rluTQUoxWBTrcxooXfZu8r28bDaR4vEn+W69PTeRDOJEz1Q/IRZ8BsCTUIhGbFYA0NHw/2cR5"
                        "TzU0ijPYNTGCw=="),
            AuthFailure::kNone);
  EXPECT_EQ(JudgeSigned("/v1/ws/private",
                        "3VfwXD5meTvpBJOexRqvgSSd+/2xC49jOlvg+aY07MUQzcOEktmJe4nsXz6yHQN2lPmZkTP9E"
                        "xipeZiUtWECDQ=="),
            AuthFailure::kNone);
  EXPECT_EQ(JudgeSigned("/v1/rfqs/user-id",
                        "pczC6rEQ8RqRZznY8PNfSp8AWmWzRq582bIKIZSIfJqT6NoO181hx1SI+PiRqC4qTKq1bvQKy"
                        "sEieo4cO6gVCg=="),
            AuthFailure::kNone);
}

TEST_F(PolymarketAuthTest, AcceptsTheVectorOfRfc8032) {
  ASSERT_TRUE(auth_.AddKey({"rfc", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "main"}));

  const AuthFailure failure = JudgeSigned(kPolymarketBalances,
                                          "JSMG3g8xTPf+K2TkSv38I3owiQsla/F78wP2cZG96ULgzF5zWUhbcwt"
                                          "AVPIMMZFkMdPSzf4PWna6HBMqGOt+CQ==",
                                          "rfc");

  EXPECT_EQ(failure, AuthFailure::kNone);
}

TEST_F(PolymarketAuthTest, UsesTheFirstHalfOfALongSecret) {
  const auto seed = FromBase64(VectorKey().secret_key).value();
  std::vector<unsigned char> doubled = seed;
  doubled.insert(doubled.end(), seed.begin(), seed.end());

  ASSERT_TRUE(auth_.AddKey({"long", Base64(doubled), "main"}));

  auto headers = SignedHeaders(VectorKey(), kTimestamp, "GET", kPolymarketBalances);
  headers[0].value = "long";
  EXPECT_EQ(auth_.Judge(Get(kPolymarketBalances, headers), kPolymarketBalances, kThen).failure,
            AuthFailure::kNone);
}

TEST_F(PolymarketAuthTest, RefusesOtherSecretLengths) {
  EXPECT_FALSE(auth_.AddKey({"short", "AAECAwQ=", "main"}));
  EXPECT_FALSE(auth_.AddKey({"text", "not base64!", "main"}));
  EXPECT_FALSE(auth_.AddKey({"", VectorKey().secret_key, "main"}));
}

TEST_F(PolymarketAuthTest, MissingAnyHeaderIsMissingHeaders) {
  const auto headers = SignedHeaders(VectorKey(), kTimestamp, "GET", kPolymarketBalances);

  for (std::size_t left_out = 0; left_out < headers.size(); ++left_out) {
    auto two = headers;
    two.erase(two.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_EQ(auth_.Judge(Get(kPolymarketBalances, two), kPolymarketBalances, kThen).failure,
              AuthFailure::kMissingHeaders);
  }
}

TEST_F(PolymarketAuthTest, SignatureCoversMethodPathAndTimestamp) {
  const auto good = SignedHeaders(VectorKey(), kTimestamp, "GET", kPolymarketBalances);
  const auto lower_method = SignedHeaders(VectorKey(), kTimestamp, "get", kPolymarketBalances);
  const auto other_path = SignedHeaders(VectorKey(), kTimestamp, "GET", "/account/balances");
  const auto with_query = SignedHeaders(VectorKey(), kTimestamp, "GET", "/v1/account/balances?a=1");
  auto other_time = good;
  other_time[1].value = "1756670000001";

  EXPECT_EQ(auth_.Judge(Get(kPolymarketBalances, good), kPolymarketBalances, kThen).failure,
            AuthFailure::kNone);
  for (const auto& headers : {lower_method, other_path, with_query, other_time}) {
    EXPECT_EQ(auth_.Judge(Get(kPolymarketBalances, headers), kPolymarketBalances, kThen).failure,
              AuthFailure::kBadSignature);
  }
}

TEST_F(PolymarketAuthTest, OnlyStandardPaddedBase64IsASignature) {
  const std::string good =
      SignedHeaders(VectorKey(), kTimestamp, "GET", kPolymarketBalances)[2].value;
  std::string url_safe = good;
  for (char& c : url_safe) c = c == '+' ? '-' : c == '/' ? '_' : c;
  ASSERT_NE(url_safe, good);

  EXPECT_EQ(JudgeSigned(kPolymarketBalances, good), AuthFailure::kNone);
  EXPECT_EQ(JudgeSigned(kPolymarketBalances, url_safe), AuthFailure::kBadSignature);
  EXPECT_EQ(JudgeSigned(kPolymarketBalances, good.substr(0, good.size() - 2)),
            AuthFailure::kBadSignature);
  EXPECT_EQ(JudgeSigned(kPolymarketBalances, good + "=="), AuthFailure::kBadSignature);
}

TEST_F(PolymarketAuthTest, WindowIsThirtySecondsEitherWay) {
  const HttpCall call =
      Get(kPolymarketBalances, SignedHeaders(VectorKey(), kTimestamp, "GET", kPolymarketBalances));
  const auto judge = [&](milliseconds server_ahead) {
    return auth_.Judge(call, kPolymarketBalances, kThen + server_ahead).failure;
  };

  EXPECT_EQ(judge(milliseconds(30'000)), AuthFailure::kNone);
  EXPECT_EQ(judge(milliseconds(-30'000)), AuthFailure::kNone);
  EXPECT_EQ(judge(milliseconds(30'001)), AuthFailure::kBadTimestamp);
  EXPECT_EQ(judge(milliseconds(-30'001)), AuthFailure::kBadTimestamp);
}

TEST_F(PolymarketAuthTest, TimestampIsInWholeMilliseconds) {
  for (const char* timestamp : {"1756670000", "1756670000.000", " 1756670000000", "1756670000000 ",
                                "-1756670000000", "now", "99999999999999999999"}) {
    const auto headers = SignedHeaders(VectorKey(), timestamp, "GET", kPolymarketBalances);
    EXPECT_EQ(auth_.Judge(Get(kPolymarketBalances, headers), kPolymarketBalances, kThen).failure,
              AuthFailure::kBadTimestamp)
        << timestamp;
  }
}

TEST_F(PolymarketAuthTest, RefusalsSpeakAsObserved) {
  const auto missing = PolymarketAuth::Refusal(AuthFailure::kMissingHeaders, AuthErrorStyle::kJson);
  const auto unknown = PolymarketAuth::Refusal(AuthFailure::kUnknownKey, AuthErrorStyle::kJson);
  const auto grpc = PolymarketAuth::Refusal(AuthFailure::kBadSignature, AuthErrorStyle::kGrpc);
  const auto as_json = PolymarketAuth::Refusal(AuthFailure::kBadTimestamp, AuthErrorStyle::kJson);
  const auto empty = PolymarketAuth::Refusal(AuthFailure::kBadTimestamp, AuthErrorStyle::kEmpty);

  EXPECT_EQ(missing.body, "Missing required API key headers");
  EXPECT_EQ(unknown.body, "API key not found\n");
  EXPECT_THAT(grpc.body, testing::StartsWith("rpc error: code = Unauthenticated desc = "));
  EXPECT_THAT(as_json.body, testing::StartsWith("{\"message\":\"timestamp"));
  EXPECT_EQ(empty.body, "");
  for (const auto& reply : {missing, unknown, grpc, as_json, empty}) EXPECT_EQ(reply.status, 401);
}

}  // namespace
}  // namespace balance::sandbox
