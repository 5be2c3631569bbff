// What comes from Redis, at once and in pieces: the first byte is the size of a piece.

#include <algorithm>
#include <string>
#include <vector>

#include "clients/redis/redis_error.h"
#include "clients/redis/reply_reader.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

// Number of elements in all, and a text that differs for different replies.
std::size_t Describe(const RedisReply& reply, std::string& text) {
  text += std::to_string(static_cast<int>(reply.type)) + ":" + std::to_string(reply.integer) + ":" +
          std::to_string(reply.text.size()) + ":" + reply.text;
  std::size_t elements = reply.elements.size();
  text += "[" + std::to_string(elements);
  for (const RedisReply& element : reply.elements) elements += Describe(element, text);
  text += "]";
  return elements;
}

struct Outcome {
  std::vector<std::string> replies;
  bool is_broken = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome ReadIn(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  Outcome outcome;
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece, bytes.size());
    reader.Feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (auto reply = reader.Next()) {
      std::string text;
      Require(Describe(*reply, text) <= ReplyReader::kMostElements, "a reply is bounded");
      outcome.replies.push_back(std::move(text));
      if (reply->IsError()) {
        Require(IsPrintableAscii(ErrorOfReply(reply->text).message), "an error can be shown");
      }
    }
  }
  outcome.is_broken = reader.is_broken();
  Require(!reader.Next(), "nothing is left");
  return outcome;
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance::fuzz;
  if (size == 0) return 0;
  const std::string_view bytes = AsText(data + 1, size - 1);
  const Outcome whole = ReadIn(bytes, bytes.size());
  const Outcome pieces = ReadIn(bytes, 1 + data[0] % 16);
  Require(whole.replies == pieces.replies, "pieces make the same replies");
  Require(!whole.is_broken || pieces.is_broken, "what is broken is broken in pieces");
  return 0;
}
