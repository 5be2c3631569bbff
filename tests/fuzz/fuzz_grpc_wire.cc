// A line as `grpc-timeout`, and the rest as text and as bytes that are written into headers.

#include <openssl/evp.h>

#include <optional>
#include <string>

#include "service/transport/grpc_wire.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

void CheckTimeout(std::string_view text) {
  const auto timeout = ParseGrpcTimeout(text);
  const bool is_well_formed =
      text.size() >= 2 && text.size() <= 9 &&
      text.find_first_not_of("0123456789") == text.size() - 1 &&
      std::string_view("numSMH").find(text.back()) != std::string_view::npos;
  Require(timeout.has_value() == is_well_formed, "a timeout is digits and a unit");
  if (!timeout) return;
  Require(*timeout >= Duration::zero() && *timeout <= kLongestTimeout,
          "timeouts are within bounds");
}

std::optional<unsigned> HexDigit(char c) {
  const auto at = std::string_view("0123456789ABCDEF").find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

void CheckPercentEncoding(std::string_view text) {
  const std::string encoded = PercentEncode(text);
  Require(IsPrintableAscii(encoded), "an encoded message is printable");
  std::string decoded;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      decoded += encoded[i];
      continue;
    }
    Require(i + 2 < encoded.size(), "an escape is whole");
    const auto high = HexDigit(encoded[i + 1]);
    const auto low = HexDigit(encoded[i + 2]);
    Require(high && low, "an escape is hexadecimal");
    decoded += static_cast<char>(*high << 4U | *low);
    i += 2;
  }
  Require(decoded == text, "an encoded message comes back");
}

void CheckBinary(std::string_view bytes) {
  std::string encoded = EncodeBinaryMetadata(bytes);
  Require(encoded.find('=') == std::string::npos, "binary metadata has no padding");
  const std::size_t padding = (4 - encoded.size() % 4) % 4;
  Require(padding < 3, "binary metadata has the length of its bytes");
  encoded.append(padding, '=');
  std::string decoded(encoded.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(encoded.data()),
                                   static_cast<int>(encoded.size()));
  Require(size >= 0, "binary metadata is base64");
  decoded.resize(static_cast<std::size_t>(size) - (bytes.empty() ? 0 : padding));
  Require(decoded == bytes, "binary metadata comes back");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  std::string_view text = fuzz::AsText(data, size);
  const std::string_view line = fuzz::TakeLine(text);
  fuzz::CheckTimeout(line);
  IsGrpcContentType(line);
  fuzz::CheckPercentEncoding(text);
  fuzz::CheckBinary(text);
  return 0;
}
