#include "clients/core/key_queue.h"

#include <gmock/gmock.h>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeyQueueTest, AKeyThatComesAgainAndAgainIsTakenOnce) {
  KeyQueue keys;
  for (int i = 0; i < 1000; ++i) keys.Push(7);
  keys.Push(3);
  keys.Push(7);

  EXPECT_THAT(keys.Take(), ElementsAre(7, 3));
  EXPECT_THAT(keys.Take(), IsEmpty());
  keys.Push(7);
  EXPECT_THAT(keys.Take(), ElementsAre(7));
}

TEST(KeyQueueTest, SmallAndLargeKeysKeepTheirOrder) {
  KeyQueue keys;
  for (int round = 0; round < 2; ++round) {
    for (const std::uint32_t key : {63U, 64U, 10'001U, 0U, 64U, 65U, 63U, 10'001U}) keys.Push(key);
    EXPECT_THAT(keys.Take(), ElementsAre(63, 64, 10'001, 0, 65));
  }
}

}  // namespace
}  // namespace balance
