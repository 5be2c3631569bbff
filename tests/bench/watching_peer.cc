#include "tests/bench/watching_peer.h"

#include <poll.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/support/h2_frames.h"

namespace balance::bench {
namespace {

constexpr std::string_view kPath = "/balance.v1.BalanceService/WatchAccountSnapshots";
constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kMessagePrefix = 5;
constexpr std::uint16_t kInitialWindowSize = 4;
constexpr std::uint32_t kWidestWindow = 0x7fffffff;
// What a connection's window begins with, by RFC 9113 section 6.9.2.
constexpr std::uint32_t kFirstWindow = 65535;
constexpr int kPatienceMilliseconds = 30'000;

std::uint32_t NumberAt(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (const char c : bytes.substr(at, size)) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

WatchingPeer::WatchingPeer(std::uint16_t port, std::size_t streams, std::string_view request)
    : peer_(port), streams_(streams) {
  std::string calls =
      std::string(h2::kPreface) + h2::Settings({{kInitialWindowSize, kWidestWindow}}) +
      h2::Frame(h2::kWindowUpdate, h2::kNoFlags, 0, h2::Number(kWidestWindow - kFirstWindow));
  for (std::size_t i = 0; i < streams; ++i) {
    calls += h2::WholeCall(static_cast<std::uint32_t>(2 * i + 1), kPath, request);
  }
  Send(calls);
}

void WatchingPeer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(peer_.Send(bytes));
    if (peer_.is_closed()) throw std::runtime_error("the server has hung up");
    pollfd ready{peer_.socket(), POLLOUT, 0};
    if (!bytes.empty() && poll(&ready, 1, kPatienceMilliseconds) != 1) {
      throw std::runtime_error("the server does not read");
    }
  }
}

void WatchingPeer::Read(const OnMessage& on_message) {
  received_ += peer_.Receive();
  if (peer_.is_closed()) throw std::runtime_error("the server has hung up");
  const std::string_view all = received_;
  std::size_t at = 0;
  while (all.size() - at >= kFrameHead) {
    const std::size_t size = NumberAt(all, at, 3);
    if (all.size() - at - kFrameHead < size) break;
    OnFrame(static_cast<std::uint8_t>(all[at + 3]), static_cast<std::uint8_t>(all[at + 4]),
            NumberAt(all, at + 5, 4), all.substr(at + kFrameHead, size), on_message);
    at += kFrameHead + size;
  }
  received_.erase(0, at);
}

void WatchingPeer::OnFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload, const OnMessage& on_message) {
  switch (type) {
    case h2::kData:
      return OnData((stream - 1) / 2, payload, on_message);
    case h2::kSettings:
      if ((flags & h2::kAck) == 0) Send(h2::Frame(h2::kSettings, h2::kAck, 0, {}));
      return;
    case h2::kPing:
      if ((flags & h2::kAck) == 0) Send(h2::Frame(h2::kPing, h2::kAck, 0, payload));
      return;
    case h2::kHeaders:
      if ((flags & h2::kEndStream) == 0) return;
      [[fallthrough]];
    case h2::kRstStream:
    case h2::kGoaway:
      throw std::runtime_error("the server has ended a stream");
    default:
      return;
  }
}

void WatchingPeer::OnData(std::size_t place, std::string_view data, const OnMessage& on_message) {
  Stream& stream = streams_.at(place);
  while (!data.empty()) {
    if (stream.missing == 0) {
      const std::size_t more = std::min(kMessagePrefix - stream.prefix.size(), data.size());
      stream.prefix += data.substr(0, more);
      data.remove_prefix(more);
      if (stream.prefix.size() < kMessagePrefix) return;
      stream.missing = NumberAt(stream.prefix, 1, 4);
      stream.prefix.clear();
    }
    const std::size_t size = std::min(stream.missing, data.size());
    if (place == 0) begun_message_ += data.substr(0, size);
    data.remove_prefix(size);
    stream.missing -= size;
    if (stream.missing > 0) return;
    if (place == 0) message_ = std::exchange(begun_message_, {});
    on_message(place, ++stream.messages);
  }
}

}  // namespace balance::bench
