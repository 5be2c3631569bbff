#include "service/server/key_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/becomes.h"

namespace balance {
namespace {

class CountedKey final : public LoginKey {
 public:
  explicit CountedKey(std::atomic<int>& prepared) : prepared_(prepared) {}
  void Prepare() const override { ++prepared_; }

 private:
  std::atomic<int>& prepared_;
};

TEST(KeyThreadTest, PreparesEachKeyOnceAndLetsGoOfIt) {
  std::atomic<int> prepared = 0;
  std::vector<std::shared_ptr<const LoginKey>> keys;
  std::vector<std::weak_ptr<const LoginKey>> alive;
  for (int i = 0; i < 3; ++i) {
    keys.push_back(std::make_shared<const CountedKey>(prepared));
    alive.emplace_back(keys.back());
  }

  const KeyThread thread(std::move(keys));

  EXPECT_TRUE(Becomes([&] {
    return std::all_of(alive.begin(), alive.end(), [](const auto& key) { return key.expired(); });
  }));
  EXPECT_EQ(prepared, 3);
}

TEST(KeyThreadTest, EndsWithoutKeysToo) {
  std::optional<KeyThread> thread(std::in_place, std::vector<std::shared_ptr<const LoginKey>>());

  thread.reset();

  EXPECT_FALSE(thread);
}

TEST(KeyThreadTest, FindsTheKeysOfAllSourcesThatHaveOne) {
  std::atomic<int> prepared = 0;
  Config config;
  config.accounts.resize(2);
  config.accounts[0].sources.resize(2);
  config.accounts[1].sources.resize(1);
  const auto key = std::make_shared<const CountedKey>(prepared);
  const auto other = std::make_shared<const CountedKey>(prepared);
  config.accounts[0].sources[1].login.key = key;
  config.accounts[1].sources[0].login.key = other;

  const auto keys = KeyThread::KeysOf(config);

  EXPECT_EQ(keys, (std::vector<std::shared_ptr<const LoginKey>>{key, other}));
}

}  // namespace
}  // namespace balance
