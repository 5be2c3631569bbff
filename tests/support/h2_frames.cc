#include "tests/support/h2_frames.h"

#include "service/transport/grpc_wire.h"

namespace balance::h2 {
namespace {

// A length of HPACK, behind one bit that says that no Huffman code is used.
void AppendText(std::string& to, std::string_view text) {
  constexpr std::size_t kMostInPrefix = 127;
  if (text.size() < kMostInPrefix) {
    to += static_cast<char>(text.size());
  } else {
    to += static_cast<char>(kMostInPrefix);
    std::size_t rest = text.size() - kMostInPrefix;
    for (; rest >= 128; rest /= 128) to += static_cast<char>(rest % 128 + 128);
    to += static_cast<char>(rest);
  }
  to += text;
}

std::string NamedField(char kind, std::string_view name, std::string_view value) {
  std::string field(1, kind);
  AppendText(field, name);
  AppendText(field, value);
  return field;
}

}  // namespace

std::string Number(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string frame = Number(static_cast<std::uint32_t>(payload.size())).substr(1);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame + Number(stream) + std::string(payload);
}

std::string Settings(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& settings) {
  std::string payload;
  for (const auto& [id, value] : settings) payload += Number(id).substr(2) + Number(value);
  return Frame(kSettings, kNoFlags, 0, payload);
}

std::string Field(std::string_view name, std::string_view value) {
  return NamedField('\0', name, value);
}

std::string IndexedField(std::string_view name, std::string_view value) {
  return NamedField('\x40', name, value);
}

std::string CallFields(std::string_view path) {
  return Field(":method", "POST") + Field(":scheme", "http") + Field(":path", path) +
         Field(":authority", "server") + Field("te", "trailers") +
         Field("content-type", "application/grpc");
}

std::string CallHeaders(std::uint32_t stream, std::string_view path) {
  return Frame(kHeaders, kEndHeaders, stream, CallFields(path));
}

std::string WholeCall(std::uint32_t stream, std::string_view path, std::string_view message) {
  const auto prefix = MessagePrefix(message.size());
  return CallHeaders(stream, path) +
         Frame(kData, kEndStream, stream,
               std::string(prefix.begin(), prefix.end()) + std::string(message));
}

}  // namespace balance::h2
