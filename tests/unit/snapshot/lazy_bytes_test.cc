#include "service/snapshot/lazy_bytes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace balance {
namespace {

constexpr std::string_view kText = "some bytes";

SharedBytes MakeBytes() {
  return {kText.size(), [](unsigned char* to) { std::memcpy(to, kText.data(), kText.size()); }};
}

TEST(LazyBytesTest, AreMadeWhenTheyAreFirstAskedFor) {
  const LazyBytes bytes;
  int made = 0;
  const auto make = [&made] {
    ++made;
    return MakeBytes();
  };

  const SharedBytes first = bytes.Get(make);
  const SharedBytes second = bytes.Get(make);

  EXPECT_EQ(made, 1);
  EXPECT_EQ(first.view(), kText);
  EXPECT_EQ(second.data(), first.data());
}

TEST(LazyBytesTest, AreWholeForEverybodyWhoAsksAtOnce) {
  for (int round = 0; round < 200; ++round) {
    const LazyBytes bytes;
    std::atomic<int> ready = 0;
    std::atomic<int> right = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        ++ready;
        while (ready < 4) std::this_thread::yield();
        for (int j = 0; j < 10; ++j) right += bytes.Get(MakeBytes).view() == kText ? 1 : 0;
      });
    }
    for (std::thread& reader : readers) reader.join();

    EXPECT_EQ(right, 40);
    EXPECT_EQ(bytes.Get(MakeBytes).data(), bytes.Get(MakeBytes).data());
  }
}

}  // namespace
}  // namespace balance
