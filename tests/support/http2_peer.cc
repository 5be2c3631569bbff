#include "tests/support/http2_peer.h"

#include <poll.h>

#include <array>
#include <boost/asio/buffer.hpp>

namespace balance {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kShortLength = 127;

void AppendNumber(std::string& out, std::uint32_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) {
    out.push_back(static_cast<char>((number >> (8 * i)) & 0xFF));
  }
}

std::uint32_t NumberAt(const std::string& text, std::size_t at, std::size_t bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number = number << 8 | static_cast<unsigned char>(text[at + i]);
  }
  return number;
}

// HPACK: a length of seven bits, or that many and the rest in groups of seven.
void AppendText(std::string& out, const std::string& text) {
  if (text.size() < kShortLength) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(static_cast<char>(kShortLength));
    std::size_t rest = text.size() - kShortLength;
    for (; rest >= 128; rest /= 128) out.push_back(static_cast<char>(rest % 128 + 128));
    out.push_back(static_cast<char>(rest));
  }
  out += text;
}

}  // namespace

std::string Encode(const Frame& frame) {
  std::string out;
  out.reserve(kFrameHeaderBytes + frame.payload.size());
  AppendNumber(out, static_cast<std::uint32_t>(frame.payload.size()), 3);
  out.push_back(static_cast<char>(frame.type));
  out.push_back(static_cast<char>(frame.flags));
  AppendNumber(out, frame.stream, 4);
  return out + frame.payload;
}

std::string HeaderBlock(const Headers& headers) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block.push_back('\0');
    AppendText(block, name);
    AppendText(block, value);
  }
  return block;
}

std::string CallHeaders(std::uint32_t stream, const Headers& more) {
  Headers headers = {{":method", "POST"},
                     {":scheme", "http"},
                     {":path", "/balance.v1.BalanceService/GetAccountSnapshot"},
                     {":authority", "test"},
                     {"te", "trailers"},
                     {"content-type", "application/grpc"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return Encode({FrameType::kHeaders, kEndHeaders, stream, HeaderBlock(headers)});
}

std::string EncodedCall(std::uint32_t stream, const std::string& request, const Headers& more) {
  std::string message(1, '\0');
  AppendNumber(message, static_cast<std::uint32_t>(request.size()), 4);
  return CallHeaders(stream, more) +
         Encode({FrameType::kData, kEndStream, stream, message + request});
}

std::string Cancel(std::uint32_t stream) {
  return Encode({FrameType::kResetStream, 0, stream, std::string("\0\0\0\x08", 4)});
}

std::string NoRoomForAnswers() {
  // SETTINGS_INITIAL_WINDOW_SIZE.
  return Encode({FrameType::kSettings, 0, 0, std::string("\0\x04\0\0\0\0", 6)});
}

Http2Peer::Http2Peer(const std::string& address) {
  const auto colon = address.rfind(':');
  socket_.connect({asio::ip::make_address(address.substr(0, colon)),
                   static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
  socket_.non_blocking(true);
  Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Encode({FrameType::kSettings, 0, 0, ""}));
}

void Http2Peer::Leave(bool reset) {
  error_code ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  closed_ = true;
}

bool Http2Peer::Wait(bool write, std::chrono::milliseconds patience) {
  pollfd waiting{socket_.native_handle(), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0};
  return poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

void Http2Peer::Receive() {
  std::array<char, 65536> buffer;
  error_code error;
  while (!error) {
    const std::size_t read = socket_.read_some(asio::buffer(buffer), error);
    received_.append(buffer.data(), read);
  }
  if (error != asio::error::would_block) closed_ = true;
}

bool Http2Peer::Send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && !closed_) {
    if (!Wait(true, std::chrono::seconds(5))) return false;
    error_code error;
    sent += socket_.write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent), error);
    if (error && error != asio::error::would_block) closed_ = true;
    Receive();
  }
  return !closed_;
}

std::optional<Frame> Http2Peer::Next(std::chrono::milliseconds patience) {
  while (true) {
    if (received_.size() >= kFrameHeaderBytes) {
      const std::size_t size = kFrameHeaderBytes + NumberAt(received_, 0, 3);
      if (received_.size() >= size) {
        Frame frame{static_cast<FrameType>(received_[3]), static_cast<std::uint8_t>(received_[4]),
                    NumberAt(received_, 5, 4),
                    received_.substr(kFrameHeaderBytes, size - kFrameHeaderBytes)};
        received_.erase(0, size);
        if (frame.type == FrameType::kPing && (frame.flags & kAck) == 0) {
          Send(Encode({FrameType::kPing, kAck, 0, frame.payload}));
        }
        return frame;
      }
    }
    if (closed_ || !Wait(false, patience)) return std::nullopt;
    Receive();
  }
}

bool Http2Peer::IsAnswerHeldBack(std::uint32_t stream) {
  bool asked = false;
  while (const auto frame = Next()) {
    // What there was to be sent has been sent when this comes back.
    if (asked && frame->type == FrameType::kPing && (frame->flags & kAck) != 0) return true;
    if (frame->stream != stream) continue;
    if (frame->type != FrameType::kHeaders || (frame->flags & kEndStream) != 0) return false;
    asked = Send(Encode({FrameType::kPing, 0, 0, "12345678"}));
  }
  return false;
}

}  // namespace balance
