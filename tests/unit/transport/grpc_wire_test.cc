#include "service/transport/grpc_wire.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(GrpcTimeoutTest, EveryUnitIsUnderstood) {
  EXPECT_EQ(ParseGrpcTimeout("7n"), nanoseconds(7));
  EXPECT_EQ(ParseGrpcTimeout("7u"), microseconds(7));
  EXPECT_EQ(ParseGrpcTimeout("7m"), milliseconds(7));
  EXPECT_EQ(ParseGrpcTimeout("7S"), seconds(7));
  EXPECT_EQ(ParseGrpcTimeout("7M"), minutes(7));
  EXPECT_EQ(ParseGrpcTimeout("7H"), hours(7));
  EXPECT_EQ(ParseGrpcTimeout("0S"), Duration::zero());
  EXPECT_EQ(ParseGrpcTimeout("00000001S"), seconds(1));
}

TEST(GrpcTimeoutTest, WhatIsLongerThanAnybodyWaitsIsCapped) {
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), kLongestTimeout);
  EXPECT_EQ(ParseGrpcTimeout("99999999M"), kLongestTimeout);
  EXPECT_EQ(ParseGrpcTimeout("99999999S"), kLongestTimeout);
  EXPECT_EQ(ParseGrpcTimeout("99999999m"), milliseconds(99999999));
}

TEST(GrpcTimeoutTest, AnythingElseIsRefused) {
  for (const char* text : {"", "S", "1", "123456789S", "1s", "-1S", "+1S", "1.5S", " 1S", "1S ",
                           "1 S", "0x1S", "1SS", "\xc3\xbcS"}) {
    EXPECT_EQ(ParseGrpcTimeout(text), std::nullopt) << text;
  }
}

TEST(PercentEncodeTest, OnlyPrintableAsciiStaysAsItIs) {
  EXPECT_EQ(PercentEncode("a sentence, with ~ and \"quotes\"."),
            "a sentence, with ~ and \"quotes\".");
  EXPECT_EQ(PercentEncode("100 %"), "100 %25");
  EXPECT_EQ(PercentEncode("\xc3\xbc\n\x7f"), "%C3%BC%0A%7F");
  EXPECT_EQ(PercentEncode(std::string_view("\0", 1)), "%00");
  EXPECT_EQ(PercentEncode(""), "");
}

TEST(BinaryMetadataTest, IsBase64WithoutPadding) {
  EXPECT_EQ(EncodeBinaryMetadata(""), "");
  EXPECT_EQ(EncodeBinaryMetadata("f"), "Zg");
  EXPECT_EQ(EncodeBinaryMetadata("fo"), "Zm8");
  EXPECT_EQ(EncodeBinaryMetadata("foo"), "Zm9v");
  EXPECT_EQ(EncodeBinaryMetadata("foob"), "Zm9vYg");
  EXPECT_EQ(EncodeBinaryMetadata("\xff\xfe"), "//4");
}

TEST(MessagePrefixTest, SizesAreBigEndianAndRoundTrip) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{0x010203}, std::size_t{0xfffffffe}}) {
    const auto prefix = MessagePrefix(size);
    const ParsedPrefix parsed =
        ParseMessagePrefix({reinterpret_cast<const char*>(prefix.data()), prefix.size()});
    EXPECT_EQ(parsed.size, size);
    EXPECT_FALSE(parsed.is_compressed);
  }
  EXPECT_EQ(MessagePrefix(0x01020304),
            (std::array<unsigned char, kMessagePrefixSize>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(ParseMessagePrefix(std::string_view("\1\0\0\0\0", 5)).is_compressed);
}

TEST(GrpcContentTypeTest, OnlyProtobufIsSpoken) {
  for (const char* good : {"application/grpc", "application/grpc+proto",
                           "application/grpc; charset=utf-8", "application/grpc+proto;x=y"}) {
    EXPECT_TRUE(IsGrpcContentType(good)) << good;
  }
  for (const char* bad : {"", "application/json", "application/grpc+json", "application/grpc-web",
                          "application/grpcx", "application/proto"}) {
    EXPECT_FALSE(IsGrpcContentType(bad)) << bad;
  }
}

}  // namespace
}  // namespace balance
