#pragma once

// Bytes of many frames that leave with one write.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>

namespace balance {

// Used on one thread.
class OutBuffer {
 public:
  // Once this much is gathered it is written.
  static constexpr std::size_t kFull = std::size_t{64} * 1024;

  bool IsFull() const { return size_ >= kFull; }
  // Whether `count` further bytes keep it below the mark. A frame that does not fit waits, unless
  // there is nothing before it.
  bool Fits(std::size_t count) const { return size_ + count <= kFull; }
  std::span<const unsigned char> bytes() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  void Clear() { size_ = 0; }

  // REQUIRES: the buffer was not full, and `from` has at most kMostAppended bytes.
  void Append(std::span<const unsigned char> from) {
    assert(size_ + from.size() <= bytes_.size());
    if (from.empty()) return;
    std::memcpy(bytes_.data() + size_, from.data(), from.size());
    size_ += from.size();
  }

  // Appends what of `part` lies within the next `size` bytes, and moves on behind it: `offset`
  // counts from the beginning of `part` and may lie behind its end.
  void AppendPart(std::span<const unsigned char> part, std::size_t& offset, std::size_t& size) {
    const auto rest = part.subspan(std::min(offset, part.size()));
    const auto now = rest.first(std::min(rest.size(), size));
    Append(now);
    size -= now.size();
    offset = offset + now.size() < part.size() ? 0 : offset + now.size() - part.size();
  }

  // The largest frame: nghttp2 writes at most 16 KiB of data into one, and at most 64 KiB of
  // headers.
  static constexpr std::size_t kMostAppended = std::size_t{64} * 1024 + 16;

 private:
  std::array<unsigned char, kFull + kMostAppended> bytes_;
  std::size_t size_ = 0;
};

}  // namespace balance
