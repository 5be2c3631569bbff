#pragma once

// Frames of HTTP/2 as bytes, also such as no library sends: for tests that attack a server.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace balance::h2 {

// What a client says first (RFC 9113 section 3.4), without its SETTINGS.
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
  // None that anybody knows.
  kUnknown = 0xfe,
};

inline constexpr std::uint8_t kNoFlags = 0;
// Of DATA and HEADERS.
inline constexpr std::uint8_t kEndStream = 1;
// Of SETTINGS and PING.
inline constexpr std::uint8_t kAck = 1;
// Of HEADERS and CONTINUATION.
inline constexpr std::uint8_t kEndHeaders = 4;

std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload);
// Four bytes, as WINDOW_UPDATE and RST_STREAM have them.
std::string Number(std::uint32_t value);
// SETTINGS of identifiers and values.
std::string Settings(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings = {});

// One field, written out, that the peer does not index.
std::string Field(std::string_view name, std::string_view value);
// One that it does.
std::string IndexedField(std::string_view name, std::string_view value);
// The fields of a gRPC call.
std::string CallFields(std::string_view path);
// A gRPC call's HEADERS, which do not end its stream.
std::string CallHeaders(std::uint32_t stream, std::string_view path);
// A whole call with one message.
std::string WholeCall(std::uint32_t stream, std::string_view path, std::string_view message);

}  // namespace balance::h2
