#include "clients/core/topic.h"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KeyCollector final : public Subscriber {
 public:
  explicit KeyCollector(std::vector<std::uint32_t>& keys) : keys_(keys) {}
  void OnPublished(std::uint32_t key) override { keys_.push_back(key); }

 private:
  std::vector<std::uint32_t>& keys_;
};

class SubscribersTest : public testing::Test {
 protected:
  std::vector<std::uint32_t> Tell() {
    keys_.clear();
    subscribers_.Tell();
    return keys_;
  }

  std::vector<std::uint32_t> keys_;
  const std::shared_ptr<KeyCollector> collector_ = std::make_shared<KeyCollector>(keys_);
  Subscribers subscribers_;
};

TEST_F(SubscribersTest, AreToldInTheOrderInWhichTheyCame) {
  for (const std::uint32_t key : {5U, 1U, 3U}) subscribers_.Add(collector_, key);

  EXPECT_THAT(Tell(), ElementsAre(5, 1, 3));
}

TEST_F(SubscribersTest, OneWhoIsRemovedLeavesItsPlaceToTheNext) {
  subscribers_.Add(collector_, 1);
  const auto second = subscribers_.Add(collector_, 2);
  subscribers_.Add(collector_, 3);

  subscribers_.Remove(second);
  EXPECT_THAT(Tell(), ElementsAre(1, 3));

  EXPECT_EQ(subscribers_.Add(collector_, 4), second);
  EXPECT_THAT(Tell(), ElementsAre(1, 4, 3));
}

TEST_F(SubscribersTest, AreForgottenAtOnce) {
  const auto first = subscribers_.Add(collector_, 1);
  const auto second = subscribers_.Add(collector_, 2);
  subscribers_.Remove(first);
  EXPECT_FALSE(subscribers_.empty());
  subscribers_.Remove(second);

  EXPECT_TRUE(subscribers_.empty());
  EXPECT_EQ(collector_.use_count(), 1);
  EXPECT_THAT(Tell(), IsEmpty());
  subscribers_.Add(collector_, 3);
  EXPECT_THAT(Tell(), ElementsAre(3));
}

}  // namespace
}  // namespace balance
