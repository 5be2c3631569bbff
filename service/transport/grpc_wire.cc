#include "service/transport/grpc_wire.h"

#include <openssl/evp.h>

#include <algorithm>

namespace balance {
namespace {

constexpr std::size_t kMostTimeoutDigits = 8;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

std::optional<Duration> UnitOf(char letter) {
  switch (letter) {
    case 'n':
      return std::chrono::nanoseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'H':
      return std::chrono::hours(1);
    default:
      return std::nullopt;
  }
}

bool IsPlain(char c) { return c >= 0x20 && c <= 0x7e && c != '%'; }

}  // namespace

std::optional<Duration> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kMostTimeoutDigits + 1) return std::nullopt;
  const auto unit = UnitOf(text.back());
  if (!unit) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > kLongestTimeout / *unit) return kLongestTimeout;
  return value * *unit;
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsPlain(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHexDigits[byte >> 4U];
    encoded += kHexDigits[byte & 15U];
  }
  return encoded;
}

std::string EncodeBinaryMetadata(std::string_view bytes) {
  if (bytes.empty()) return {};
  // Four characters for each three bytes, and the zero that OpenSSL puts behind them.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::array<unsigned char, kMessagePrefixSize> MessagePrefix(std::size_t size) {
  return {0, static_cast<unsigned char>(size >> 24U), static_cast<unsigned char>(size >> 16U),
          static_cast<unsigned char>(size >> 8U), static_cast<unsigned char>(size)};
}

ParsedPrefix ParseMessagePrefix(std::string_view bytes) {
  const auto byte = [bytes](std::size_t at) {
    return std::uint32_t{static_cast<unsigned char>(bytes[at])};
  };
  return {byte(0) != 0, byte(1) << 24U | byte(2) << 16U | byte(3) << 8U | byte(4)};
}

bool IsGrpcContentType(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  constexpr std::string_view kProto = "+proto";
  if (!content_type.starts_with(kGrpc)) return false;
  content_type.remove_prefix(kGrpc.size());
  if (content_type.starts_with(kProto)) content_type.remove_prefix(kProto.size());
  return content_type.empty() || content_type.front() == ';' || content_type.front() == ' ';
}

}  // namespace balance
