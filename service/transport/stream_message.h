#pragma once

// A message of a stream: shared bytes, with a few of its own before and behind them.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "clients/core/shared_bytes.h"

namespace balance {

// What many streams send alike is encoded once; what differs stands around it, so that nothing of
// it is copied for each stream. A value type. See Response, which has no head.
class StreamMessage {
 public:
  // The tag and the length of the field that the body is.
  static constexpr std::size_t kMostHeadBytes = 8;
  static constexpr std::size_t kMostTailBytes = 72;

  StreamMessage() = default;
  // A message that is the body alone.
  // NOLINTNEXTLINE(google-explicit-constructor): nothing else can be meant.
  StreamMessage(SharedBytes body) : body_(std::move(body)) {}
  // REQUIRES: neither is longer than allowed.
  StreamMessage(std::span<const unsigned char> head, SharedBytes body,
                std::span<const unsigned char> tail)
      : body_(std::move(body)),
        head_size_(static_cast<std::uint8_t>(head.size())),
        tail_size_(static_cast<std::uint8_t>(tail.size())) {
    assert(head.size() <= kMostHeadBytes && tail.size() <= kMostTailBytes);
    std::copy(head.begin(), head.end(), head_.begin());
    std::copy(tail.begin(), tail.end(), tail_.begin());
  }

  std::size_t size() const { return head_size_ + body_.size() + tail_size_; }
  std::span<const unsigned char> head() const { return {head_.data(), head_size_}; }
  const SharedBytes& shared_body() const { return body_; }
  std::span<const unsigned char> body() const { return {body_.data(), body_.size()}; }
  std::span<const unsigned char> tail() const { return {tail_.data(), tail_size_}; }

 private:
  SharedBytes body_;
  std::array<unsigned char, kMostHeadBytes> head_{};
  std::array<unsigned char, kMostTailBytes> tail_{};
  std::uint8_t head_size_ = 0;
  std::uint8_t tail_size_ = 0;
};

}  // namespace balance
