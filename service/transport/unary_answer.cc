#include "service/transport/unary_answer.h"

#include <algorithm>

namespace balance {

void UnaryAnswer::SetWords(std::string_view words) {
  has_prefix_ = false;
  response_ = Response(SharedBytes(
      words.size(), [words](unsigned char* to) { std::copy(words.begin(), words.end(), to); }));
}

std::size_t UnaryAnswer::Announce(std::size_t room, bool& is_last) const {
  const std::size_t prefix = has_prefix_ ? kMessagePrefixSize : 0;
  const std::size_t left = prefix + response_.size() - sent_;
  is_last = left <= room;
  return std::min(left, room);
}

void UnaryAnswer::Gather(OutBuffer& out, std::size_t size) {
  std::size_t offset = sent_;
  sent_ += size;
  if (has_prefix_) out.AppendPart(prefix_, offset, size);
  out.AppendPart(response_.body(), offset, size);
  out.AppendPart(response_.tail(), offset, size);
}

void UnaryAnswer::Clear() {
  response_ = {};
  status_ = {};
  sent_ = 0;
  has_prefix_ = true;
}

}  // namespace balance
