#include "clients/redis/wake_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace balance {
namespace {

class WakeListTest : public testing::Test {
 protected:
  std::unique_ptr<WakeList::Seat> Add(char name) {
    return list_.Add([this, name] { woken_ += name; });
  }

  std::string woken_;
  WakeList list_;
};

TEST_F(WakeListTest, EachIsWokenOnceInOrder) {
  const auto a = Add('a');
  const auto b = Add('b');

  list_.WakeAll();
  list_.WakeAll();

  EXPECT_EQ(woken_, "ab");
}

TEST_F(WakeListTest, WhoLeavesIsNotWoken) {
  auto a = Add('a');
  const auto b = Add('b');

  a.reset();
  list_.WakeAll();

  EXPECT_EQ(woken_, "b");
}

TEST_F(WakeListTest, WhoIsWokenMayLeaveAndHaveOthersLeave) {
  std::unique_ptr<WakeList::Seat> own;
  std::unique_ptr<WakeList::Seat> other;
  own = list_.Add([&] {
    woken_ += 'o';
    own.reset();
    other.reset();
  });
  other = Add('x');

  list_.WakeAll();

  EXPECT_EQ(woken_, "o");
}

TEST_F(WakeListTest, WhoComesWhileOthersAreWokenWaitsForTheNextTime) {
  std::unique_ptr<WakeList::Seat> late;
  const auto first = list_.Add([&] { late = Add('l'); });

  list_.WakeAll();
  EXPECT_EQ(woken_, "");
  list_.WakeAll();

  EXPECT_EQ(woken_, "l");
}

TEST_F(WakeListTest, OneWhoWaitsMayOutliveTheList) {
  auto list = std::make_unique<WakeList>();
  const auto seat = list->Add([] {});

  list.reset();
}

}  // namespace
}  // namespace balance
