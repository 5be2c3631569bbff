#pragma once

// The message that answers a call: shared bytes, and behind them a few bytes of its own.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "clients/core/shared_bytes.h"

namespace balance {

// A published answer differs between callers in one short field at most (such as `serve_time`), and
// protobuf lets a field stand behind the others, so the long part is shared and only the field is
// copied. A value type.
class Response {
 public:
  static constexpr std::size_t kMostTailBytes = 31;

  // An empty message, which is a valid one.
  Response() = default;
  explicit Response(SharedBytes body) : body_(std::move(body)) {}
  // REQUIRES: `tail` holds at most kMostTailBytes.
  Response(SharedBytes body, std::span<const unsigned char> tail)
      : body_(std::move(body)), tail_size_(static_cast<std::uint8_t>(tail.size())) {
    assert(tail.size() <= kMostTailBytes);
    std::copy(tail.begin(), tail.end(), tail_.begin());
  }

  std::size_t size() const { return body_.size() + tail_size_; }
  const SharedBytes& shared_body() const { return body_; }
  std::span<const unsigned char> body() const { return {body_.data(), body_.size()}; }
  std::span<const unsigned char> tail() const { return {tail_.data(), tail_size_}; }

 private:
  SharedBytes body_;
  std::array<unsigned char, kMostTailBytes> tail_{};
  std::uint8_t tail_size_ = 0;
};

}  // namespace balance
