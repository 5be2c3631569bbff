#include "service/transport/idle_reset_filter.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/h2_frames.h"

namespace balance {
namespace {

std::string Reset(std::uint32_t stream) {
  return h2::Frame(h2::kRstStream, h2::kNoFlags, stream, h2::Number(8));
}

// What is left of `sent` when it comes in pieces of so many bytes.
std::string Left(const std::string& sent, std::size_t piece) {
  IdleResetFilter filter;
  std::string left;
  for (std::size_t at = 0; at < sent.size(); at += piece) {
    const std::string some = sent.substr(at, piece);
    EXPECT_TRUE(filter.Pass({reinterpret_cast<const unsigned char*>(some.data()), some.size()},
                            [&](IdleResetFilter::Bytes run) {
                              left.append(reinterpret_cast<const char*>(run.data()), run.size());
                              return true;
                            }));
  }
  return left;
}

TEST(IdleResetFilterTest, ResetsOfStreamsThatNeverBeganAreLeftOutHoweverTheyAreCut) {
  const std::string hello = std::string(h2::kPreface) + h2::Settings({{3, 100}});
  const std::string call = h2::WholeCall(3, "/t.T/Echo", "a message");
  // Those of the last are no client's, or no reset.
  const std::string rest = Reset(3) + Reset(1) + Reset(0) + Reset(8) +
                           h2::Frame(h2::kRstStream, h2::kNoFlags, 9, "too long for one") +
                           h2::Frame(h2::kPing, h2::kNoFlags, 0, "12345678");
  const std::string sent = hello + Reset(1) + call + Reset(5) + Reset(7) + rest + Reset(11);

  for (std::size_t piece = 1; piece <= sent.size(); ++piece) {
    ASSERT_EQ(Left(sent, piece), hello + call + rest) << piece;
  }
}

TEST(IdleResetFilterTest, WhatIsNoHttp2Passes) {
  const std::string sent = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

  EXPECT_EQ(Left(sent, sent.size()).substr(0, 24), sent.substr(0, 24));
}

TEST(IdleResetFilterTest, NothingMoreIsHandedOverOnceItIsNotTaken) {
  IdleResetFilter filter;
  const std::string sent = std::string(h2::kPreface) + h2::Settings() + Reset(1) + h2::Settings();
  int runs = 0;

  EXPECT_FALSE(filter.Pass({reinterpret_cast<const unsigned char*>(sent.data()), sent.size()},
                           [&](IdleResetFilter::Bytes) {
                             ++runs;
                             return false;
                           }));

  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace balance
