#include "clients/polymarket_us/signing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <thread>
#include <utility>

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

// Bytes 00 to 1f.
constexpr std::string_view kCountingSeed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
// The first test vector of RFC 8032.
constexpr std::string_view kRfcSeed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

class SigningKeyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }
};

using DecodeSecretKeyTest = SigningKeyTest;

std::string ToBase64(const std::string& bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

std::string CountingBytes() {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes += c;
  return bytes;
}

TEST_F(SigningKeyTest, SignsAsTheVenueDocuments) {
  struct Vector {
    std::string_view seed;
    std::string message;
    std::string signature;
  };
  for (const Vector& vector : {
           Vector{kCountingSeed, "1756670000000GET/v1/account/balances",
                  "rluTQUoxWBTrcxooXfZu8r28bDaR4vEn+W69PTeRDOJEz1Q/IRZ8BsCTUIhGbFYA0NHw/"
                  "2cR5TzU0ijPYNTGCw=="},
           Vector{kCountingSeed, "1756670000000GET/v1/ws/private",
                  "3VfwXD5meTvpBJOexRqvgSSd+/2xC49jOlvg+aY07MUQzcOEktmJe4nsXz6yHQN2lPmZkTP9Ex"
                  "ipeZiUtWECDQ=="},
           Vector{kCountingSeed, "1756670000000GET/v1/rfqs/user-id",
                  "pczC6rEQ8RqRZznY8PNfSp8AWmWzRq582bIKIZSIfJqT6NoO181hx1SI+PiRqC4qTKq1bvQKys"
                  "Eieo4cO6gVCg=="},
           Vector{kRfcSeed, "1756670000000GET/v1/account/balances",
                  "JSMG3g8xTPf+K2TkSv38I3owiQsla/F78wP2cZG96ULgzF5zWUhbcwtAVPIMMZFkMdPSzf4PWn"
                  "a6HBMqGOt+CQ=="},
       }) {
    const SigningKey key(DecodeSecretKey(vector.seed)->seed);

    EXPECT_EQ(key.Sign(vector.message), vector.signature);
    EXPECT_EQ(key.Sign(vector.message), vector.signature) << "a second time";
  }
}

// What SigningKeyTest's first vectors sign for.
std::string CountingPublicKey() {
  std::string bytes(32, '\0');
  constexpr std::string_view kText = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
  sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), kText.data(),
                    kText.size(), nullptr, nullptr, nullptr, sodium_base64_VARIANT_ORIGINAL);
  return bytes;
}

TEST_F(DecodeSecretKeyTest, TakesTheSeedAlone) {
  const auto key = DecodeSecretKey(kCountingSeed);

  ASSERT_TRUE(key);
  EXPECT_EQ(key->seed->Expose(), CountingBytes());
  EXPECT_FALSE(key->repeats_seed);
}

TEST_F(DecodeSecretKeyTest, TakesTheSeedWithItsPublicKey) {
  const auto key = DecodeSecretKey(ToBase64(CountingBytes() + CountingPublicKey()));

  ASSERT_TRUE(key);
  EXPECT_EQ(key->seed->Expose(), CountingBytes());
  EXPECT_FALSE(key->repeats_seed);
}

TEST_F(DecodeSecretKeyTest, TakesTheSeedTwiceAndSaysSo) {
  const auto key = DecodeSecretKey(ToBase64(CountingBytes() + CountingBytes()));

  ASSERT_TRUE(key);
  EXPECT_EQ(key->seed->Expose(), CountingBytes());
  EXPECT_TRUE(key->repeats_seed);
}

// The check of the longer form derives the public key anyway.
TEST_F(DecodeSecretKeyTest, HandsOnWhatItDerived) {
  auto of_seed = DecodeSecretKey(kCountingSeed);
  auto of_pair = DecodeSecretKey(ToBase64(CountingBytes() + CountingPublicKey()));
  ASSERT_TRUE(of_seed && of_pair);
  EXPECT_FALSE(of_seed->expanded);
  ASSERT_TRUE(of_pair->expanded);
  EXPECT_EQ(of_pair->expanded->Expose(), CountingBytes() + CountingPublicKey());

  EXPECT_EQ(SigningKey(*std::move(of_pair)).Sign("a"), SigningKey(*std::move(of_seed)).Sign("a"));
}

TEST_F(SigningKeyTest, SignsTheSamePreparedOrNot) {
  const SigningKey prepared(DecodeSecretKey(kCountingSeed)->seed);
  const SigningKey other(DecodeSecretKey(kCountingSeed)->seed);

  prepared.Prepare();
  prepared.Prepare();

  EXPECT_EQ(prepared.Sign("a"), other.Sign("a"));
}

TEST_F(SigningKeyTest, IsPreparedOnceByThreadsThatMeet) {
  const SigningKey key(DecodeSecretKey(kCountingSeed)->seed);
  const std::string expected = SigningKey(DecodeSecretKey(kCountingSeed)->seed).Sign("a");

  std::thread beside([&key] { key.Prepare(); });
  const std::string signature = key.Sign("a");
  beside.join();

  EXPECT_EQ(signature, expected);
  EXPECT_EQ(key.Sign("a"), expected);
}

TEST_F(DecodeSecretKeyTest, M136_RefusesAPublicKeyThatDoesNotFit) {
  std::string other_public_key = CountingPublicKey();
  other_public_key.back() ^= 1;
  std::string almost_the_seed = CountingBytes();
  almost_the_seed.front() ^= 1;
  for (const std::string& half : {other_public_key, almost_the_seed, std::string(32, '\0')}) {
    const auto key = DecodeSecretKey(ToBase64(CountingBytes() + half));

    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(key.error().message, HasSubstr("second half is not the public key of the first"));
  }
}

TEST_F(DecodeSecretKeyTest, ToleratesWhiteSpaceAround) {
  EXPECT_TRUE(DecodeSecretKey(" \t" + std::string(kCountingSeed) + "\r\n"));
}

TEST_F(DecodeSecretKeyTest, RefusesOtherLengths) {
  for (const std::size_t size : {1u, 16u, 31u, 33u, 48u, 63u, 65u, 96u, 1000u}) {
    const auto seed = DecodeSecretKey(ToBase64(std::string(size, 'k')));

    ASSERT_FALSE(seed) << size;
    EXPECT_EQ(seed.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(seed.error().message, HasSubstr("32 or 64 bytes"));
  }
}

TEST_F(DecodeSecretKeyTest, RefusesWhatIsNotStandardBase64) {
  const std::string good(kRfcSeed);
  std::string url_safe = good;
  url_safe.replace(url_safe.find('/'), 1, "_");
  for (const std::string& text :
       {std::string(), std::string(" \n"), url_safe, good.substr(0, good.size() - 1),
        good.substr(0, 20) + "\n" + good.substr(20), good + "=", good + "A", '"' + good + '"',
        std::string(64, 'f') + "g!", std::string(1'000'000, 'A')}) {
    const auto seed = DecodeSecretKey(text);

    ASSERT_FALSE(seed) << text.size();
    EXPECT_THAT(seed.error().message, HasSubstr("32 or 64 bytes"));
  }
}

TEST_F(DecodeSecretKeyTest, ErrorsRepeatNothingOfTheText) {
  const auto seed = DecodeSecretKey("c2VjcmV0c2VjcmV0");

  EXPECT_THAT(seed.error().message, Not(HasSubstr("c2Vj")));
  EXPECT_THAT(seed.error().message, Not(HasSubstr("secretsecret")));
}

}  // namespace
}  // namespace balance
