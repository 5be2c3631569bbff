#pragma once

// Leaves RST_STREAM frames for streams that were never opened out of what a peer sends.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace balance {

// gRPC's core (1.51.1 seen: findings/grpc-core-resets-unopened-streams.sh) sends RST_STREAM for a
// call whose deadline ends after its stream was given a number and before its HEADERS were written,
// as happens to short deadlines on a busy machine. nghttp2 takes it for what RFC 9113, section 5.1,
// says it is, an error of the connection, and ends all the other calls on it. Nothing was asked for
// by such a stream, so nothing is lost with its reset.
//
// Takes the bytes of one connection in order, cut anywhere; what is no HTTP/2 passes as it came.
class IdleResetFilter {
 public:
  using Bytes = std::span<const unsigned char>;

  // Calls `take` with runs of what is left, until it returns false. The runs are valid during the
  // call. Returns whether all were taken.
  template <typename Take>
  bool Pass(Bytes bytes, Take take) {
    std::size_t run = 0;
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t left = bytes.size() - at;
      if (payload_ > 0) {
        const std::size_t some = std::min<std::size_t>(payload_, left);
        at += some;
        payload_ -= some;
        if (!is_dropped_) continue;
        run = at;
        is_dropped_ = payload_ > 0;
        continue;
      }
      if (held_ == 0 && left >= kHeader) {
        const unsigned char* const header = bytes.data() + at;
        if (!Begin(header)) {
          at += kHeader;
          continue;
        }
        if (at > run && !take(bytes.subspan(run, at - run))) return false;
        at += kHeader;
        run = at;
        continue;
      }
      // A header that is cut.
      if (at > run && !take(bytes.subspan(run, at - run))) return false;
      const std::size_t some = std::min(kHeader - held_, left);
      std::memcpy(header_.data() + held_, bytes.data() + at, some);
      held_ += some;
      at += some;
      run = at;
      if (held_ < kHeader) break;
      held_ = 0;
      if (!Begin(header_.data()) && !take(Bytes(header_))) return false;
    }
    return at == run || take(bytes.subspan(run, at - run));
  }

 private:
  // RFC 9113, sections 3.4, 4.1 and 6.
  static constexpr std::size_t kPreface = 24;
  static constexpr std::size_t kHeader = 9;
  static constexpr unsigned char kHeaders = 1;
  static constexpr unsigned char kRstStream = 3;

  // Looks at a frame's header; whether the frame is to be left out.
  bool Begin(const unsigned char* header) {
    payload_ = std::size_t{header[0]} << 16 | std::size_t{header[1]} << 8 | header[2];
    const unsigned char type = header[3];
    if (type != kHeaders && type != kRstStream) return false;
    const std::uint32_t stream = (std::uint32_t{header[5]} & 0x7f) << 24 |
                                 std::uint32_t{header[6]} << 16 | std::uint32_t{header[7]} << 8 |
                                 header[8];
    if (type == kHeaders) {
      newest_ = std::max(newest_, stream);
      return false;
    }
    // Those of even numbers would be the server's.
    is_dropped_ = stream > newest_ && stream % 2 == 1 && payload_ == 4;
    return is_dropped_;
  }

  // Bytes until the next header: at first those of the preface.
  std::size_t payload_ = kPreface;
  // Whether they are left out.
  bool is_dropped_ = false;
  // Number of bytes of a header that was cut.
  std::size_t held_ = 0;
  std::array<unsigned char, kHeader> header_{};
  // Greatest number of a stream whose HEADERS have come.
  std::uint32_t newest_ = 0;
};

}  // namespace balance
