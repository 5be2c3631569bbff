#include "service/transport/request_room.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

constexpr std::size_t kLargest = 64 * 1024;

// Streams begin with a window of 1 KiB, and 128 KiB are left for what is larger.
TransportLimits Limits() {
  TransportLimits limits;
  limits.request_bytes = kLargest;
  limits.unfinished_request_bytes = 256 * 1024;
  limits.concurrent_streams = 128;
  return limits;
}

TEST(RequestRoomTest, ARequestThatFitsIntoTheFirstWindowNeedsNoTurn) {
  RequestRoom room(Limits());

  room.Ask(1, room.first_window());

  EXPECT_EQ(room.first_window(), 1024u);
  EXPECT_FALSE(room.TakeTurn());
  EXPECT_EQ(room.GiveBack(1), 0u);
}

TEST(RequestRoomTest, TurnsAreTakenInOrderAsFarAsThereIsRoom) {
  RequestRoom room(Limits());
  for (const std::int32_t stream : {1, 3, 5, 7}) room.Ask(stream, kLargest);
  room.Ask(3, kLargest);

  EXPECT_EQ(room.TakeTurn()->stream, 1);
  EXPECT_EQ(room.TakeTurn()->stream, 3);
  EXPECT_FALSE(room.TakeTurn());
  EXPECT_EQ(room.GiveBack(5), 0u);
  EXPECT_FALSE(room.TakeTurn());
  EXPECT_EQ(room.GiveBack(1), kLargest - room.first_window());

  const auto grant = room.TakeTurn();
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->stream, 7);
  EXPECT_EQ(grant->bytes, kLargest - room.first_window());
}

TEST(RequestRoomTest, TheLargestRequestFindsRoomHoweverLittleThereIs) {
  TransportLimits limits = Limits();
  limits.unfinished_request_bytes = kLargest / 2;
  RequestRoom room(limits);

  room.Ask(1, kLargest);
  room.Ask(3, kLargest);

  EXPECT_TRUE(room.TakeTurn());
  EXPECT_FALSE(room.TakeTurn());
  room.GiveBack(1);
  EXPECT_TRUE(room.TakeTurn());
}

}  // namespace
}  // namespace balance
