#include "clients/core/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace balance {
namespace {

TEST(PublishedTest, IsNullBeforeTheFirstValue) {
  const Published<int> slot;

  EXPECT_EQ(slot.Get(), nullptr);
}

TEST(PublishedTest, AReaderKeepsItsValueAliveWhenANewOneComes) {
  Published<int> slot;
  slot.Publish(std::make_shared<const int>(1));
  const auto kept = slot.Get();
  slot.Publish(std::make_shared<const int>(2));

  EXPECT_EQ(*kept, 1);
  EXPECT_EQ(*slot.Get(), 2);
}

TEST(PublishedTest, ReadersSeeValuesInTheOrderOfPublication) {
  constexpr int kValues = 20'000;
  Published<int> slot;
  slot.Publish(std::make_shared<const int>(0));
  std::atomic<bool> ordered = true;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (int last = 0; last < kValues;) {
        const int next = *slot.Get();
        if (next < last) ordered = false;
        last = next;
      }
    });
  }
  for (int value = 1; value <= kValues; ++value) {
    slot.Publish(std::make_shared<const int>(value));
  }
  for (std::thread& reader : readers) reader.join();

  EXPECT_TRUE(ordered);
}

}  // namespace
}  // namespace balance
