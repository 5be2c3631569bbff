#pragma once

// How gRPC writes deadlines, messages and errors into HTTP/2
// (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). Pure functions; callable from any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/clock.h"

namespace balance {

// Longer timeouts count as this one: nobody waits that long, and no sum with a clock overflows.
inline constexpr Duration kLongestTimeout = std::chrono::hours(24 * 365);

// Reads the value of `grpc-timeout`: one to eight digits and a unit (n, u, m, S, M or H), capped at
// kLongestTimeout. nullopt for anything else.
std::optional<Duration> ParseGrpcTimeout(std::string_view text);

// Writes a status message as `grpc-message` wants it: printable ASCII other than '%' as it is, all
// else as %XX.
std::string PercentEncode(std::string_view text);

// Base64 without padding, as the value of a header whose name ends in "-bin".
std::string EncodeBinaryMetadata(std::string_view bytes);

// Every message on a stream stands behind a byte that says whether it is compressed and four bytes
// of its length.
inline constexpr std::size_t kMessagePrefixSize = 5;

// The prefix of an uncompressed message. REQUIRES: `size` fits into 32 bits.
std::array<unsigned char, kMessagePrefixSize> MessagePrefix(std::size_t size);

struct ParsedPrefix {
  bool is_compressed = false;
  std::uint32_t size = 0;
};

// Reads a prefix. REQUIRES: `bytes` holds at least kMessagePrefixSize bytes.
ParsedPrefix ParseMessagePrefix(std::string_view bytes);

// Whether a content type says that messages are gRPC's and encoded by protobuf: `application/grpc`
// or `application/grpc+proto`, maybe with parameters.
bool IsGrpcContentType(std::string_view content_type);

}  // namespace balance
