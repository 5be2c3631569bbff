#include "tests/support/h2_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "service/transport/grpc_wire.h"

namespace balance {
namespace {

int ConnectTo(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(socket);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

nghttp2_nv HeaderOf(const std::string& name, const std::string& value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

std::string H2Client::Reply::Header(std::string_view name) const {
  for (const Headers* some : {&headers, &trailers}) {
    const auto found = std::find_if(some->begin(), some->end(),
                                    [&](const auto& one) { return one.first == name; });
    if (found != some->end()) return found->second;
  }
  return {};
}

std::vector<std::string> H2Client::Reply::Messages() const {
  std::vector<std::string> messages;
  std::string_view rest = body;
  while (rest.size() >= kMessagePrefixSize) {
    const std::size_t size = ParseMessagePrefix(rest).size;
    if (rest.size() - kMessagePrefixSize < size) break;
    messages.emplace_back(rest.substr(kMessagePrefixSize, size));
    rest.remove_prefix(kMessagePrefixSize + size);
  }
  return messages;
}

struct H2Client::Callbacks {
  static H2Client& Self(void* user) { return *static_cast<H2Client*>(user); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
    Reply& reply = Self(user).replies_[frame->hd.stream_id];
    const bool is_first = frame->headers.cat == NGHTTP2_HCAT_RESPONSE;
    (is_first ? reply.headers : reply.trailers)
        .emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                      std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                    const std::uint8_t* bytes, std::size_t size, void* user) {
    Self(user).replies_[stream].body.append(reinterpret_cast<const char*>(bytes), size);
    if (Self(user).options_.gives_window) nghttp2_session_consume(session, stream, size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Client& self = Self(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      if (self.goaways_.empty()) self.calls_open_at_goaway_ = self.CallsOpen();
      self.goaways_.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
    } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
      ++self.pongs_;
    } else if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
               (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self.replies_[frame->hd.stream_id].has_ended = true;
    }
    return 0;
  }

  static int OnClosed(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    Reply& reply = Self(user).replies_[stream];
    if (!reply.has_ended || error != NGHTTP2_NO_ERROR) reply.reset = error;
    reply.has_ended = true;
    return 0;
  }

  static ssize_t Read(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& outgoing = *static_cast<Outgoing*>(source->ptr);
    const std::size_t now = std::min(room, outgoing.bytes.size() - outgoing.sent);
    if (now == 0 && !outgoing.is_end) {
      outgoing.is_deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    std::memcpy(to, outgoing.bytes.data() + outgoing.sent, now);
    outgoing.sent += now;
    if (outgoing.is_end && outgoing.sent == outgoing.bytes.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }
};

H2Client::H2Client(std::uint16_t port, Options options)
    : options_(options), socket_(ConnectTo(port)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClosed);
  nghttp2_option* settings_of_session = nullptr;
  nghttp2_option_new(&settings_of_session);
  nghttp2_option_set_no_auto_window_update(settings_of_session, 1);
  nghttp2_session_client_new2(&session_, callbacks, this, settings_of_session);
  nghttp2_option_del(settings_of_session);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.window};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
  Flush();
}

H2Client::~H2Client() {
  nghttp2_session_del(session_);
  if (socket_ >= 0) close(socket_);
}

std::int32_t H2Client::Start(const std::string& path, const Headers& more) {
  Headers all = {{":method", "POST"}, {":scheme", "http"},
                 {":path", path},     {":authority", "server"},
                 {"te", "trailers"},  {"content-type", "application/grpc"}};
  for (const auto& [name, value] : more) {
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&name = name](const auto& one) { return one.first == name; });
    if (same == all.end()) {
      all.emplace_back(name, value);
    } else {
      same->second = value;
    }
  }
  std::vector<nghttp2_nv> headers;
  for (const auto& [name, value] : all) headers.push_back(HeaderOf(name, value));
  const std::int32_t stream =
      static_cast<std::int32_t>(nghttp2_session_get_next_stream_id(session_));
  nghttp2_data_provider provider{};
  provider.source.ptr = &outgoing_[stream];
  provider.read_callback = Callbacks::Read;
  nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, nullptr);
  Flush();
  return stream;
}

int H2Client::CallsOpen() const {
  return static_cast<int>(
      std::count_if(outgoing_.begin(), outgoing_.end(), [this](const auto& outgoing) {
        const auto reply = replies_.find(outgoing.first);
        return reply == replies_.end() || !reply->second.has_ended;
      }));
}

void H2Client::SendRaw(std::int32_t stream, const std::string& bytes, bool is_end) {
  Outgoing& outgoing = outgoing_[stream];
  outgoing.bytes += bytes;
  outgoing.is_end = is_end;
  if (std::exchange(outgoing.is_deferred, false)) nghttp2_session_resume_data(session_, stream);
  Flush();
}

void H2Client::SendMessage(std::int32_t stream, const std::string& message, bool is_end) {
  const auto prefix = MessagePrefix(message.size());
  SendRaw(stream, std::string(prefix.begin(), prefix.end()) + message, is_end);
}

std::int32_t H2Client::Call(const std::string& path, const std::string& message,
                            const Headers& more) {
  const std::int32_t stream = Start(path, more);
  SendMessage(stream, message);
  return stream;
}

void H2Client::Cancel(std::int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  Flush();
}

void H2Client::Ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  Flush();
}

void H2Client::GiveWindow(std::int32_t stream, std::int32_t bytes) {
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, stream, bytes);
  Flush();
}

bool H2Client::Await(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (is_closed_ || left.count() <= 0) return condition();
    Turn(left);
  }
  return true;
}

const H2Client::Reply& H2Client::AwaitEnd(std::int32_t stream) {
  if (!Await([&] { return replies_[stream].has_ended; })) {
    throw std::runtime_error("stream " + std::to_string(stream) + " has not ended");
  }
  return replies_[stream];
}

const H2Client::Reply& H2Client::Ask(const std::string& path, const std::string& message,
                                     const Headers& more) {
  return AwaitEnd(Call(path, message, more));
}

bool H2Client::AwaitClose(std::chrono::milliseconds patience) {
  return Await([this] { return is_closed_; }, patience);
}

bool H2Client::Turn(std::chrono::milliseconds patience) {
  Flush();
  pollfd waiting{socket_, POLLIN, 0};
  if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
  std::array<std::uint8_t, 65536> bytes;
  const ssize_t size = recv(socket_, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    is_closed_ = true;
    return true;
  }
  nghttp2_session_mem_recv(session_, bytes.data(), static_cast<std::size_t>(size));
  Flush();
  return true;
}

void H2Client::Flush() {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) return;
    for (ssize_t sent = 0; sent < size;) {
      const ssize_t now =
          send(socket_, bytes + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
      if (now <= 0) {
        is_closed_ = true;
        return;
      }
      sent += now;
    }
  }
}

}  // namespace balance
