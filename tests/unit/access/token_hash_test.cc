#include "service/access/token_hash.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <thread>
#include <vector>

namespace balance {
namespace {

Sha256 Expected(const std::string& token) {
  Sha256 hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  return hash;
}

// More than a thread remembers, each several times.
void HashAll() {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) {
      const std::string token(static_cast<std::size_t>(i % 100), static_cast<char>('a' + i % 26));
      ASSERT_EQ(HashOfToken(token), Expected(token)) << token;
      ASSERT_EQ(HashOfToken(token + std::to_string(i)), Expected(token + std::to_string(i)));
    }
  }
}

TEST(TokenHashTest, IsTheSha256OfEveryTokenHoweverOftenItIsAsked) {
  ASSERT_GE(sodium_init(), 0);
  HashAll();
}

TEST(TokenHashTest, IsTheSameOnEveryThread) {
  ASSERT_GE(sodium_init(), 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(HashAll);
  for (std::thread& thread : threads) thread.join();
}

TEST(TokenHashTest, TokensThatDifferInOneBitDiffer) {
  ASSERT_GE(sodium_init(), 0);
  std::string token = "d2f1a0c4b6e8975310fedcba98765432";
  const Sha256 before = HashOfToken(token);

  for (char& c : token) {
    c = static_cast<char>(c ^ 1);
    EXPECT_NE(HashOfToken(token), before);
    c = static_cast<char>(c ^ 1);
  }
}

}  // namespace
}  // namespace balance
