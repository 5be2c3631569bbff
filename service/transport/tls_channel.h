#pragma once

// The TLS of one connection, without a socket: bytes of the wire in, plain bytes out, and back.

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "service/transport/tls_context.h"

namespace balance {

// Used on its loop's thread only. Keeps no bytes of its own between calls beyond what OpenSSL needs
// of a record that has not come whole.
class TlsChannel {
 public:
  using Bytes = std::span<const unsigned char>;
  using Buffer = std::vector<unsigned char>;

  enum class State : std::uint8_t {
    kHandshake,
    // Plain bytes may flow.
    kOpen,
    // The peer has said that it sends nothing more.
    kClosed,
    // Not TLS, or TLS that is not accepted. What is in the wire buffer, an alert perhaps, may still
    // be sent.
    kFailed,
  };

  // Throws std::bad_alloc if OpenSSL is out of memory.
  explicit TlsChannel(std::shared_ptr<const TlsContext> context);
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;
  ~TlsChannel();

  State state() const { return state_; }

  // Takes bytes of the wire. Appends what is to be sent in turn to `wire`, and calls
  // `on_plain(Bytes)` for the plain bytes, through `scratch`, which must have room; it returns
  // false to stop.
  template <typename OnPlain>
  State Receive(Bytes received, Buffer& wire, std::span<unsigned char> scratch,
                const OnPlain& on_plain) {
    Begin(received, wire);
    if (state_ == State::kHandshake) Handshake();
    while (state_ == State::kOpen) {
      const std::size_t size = Read(scratch);
      if (size == 0 || !on_plain(Bytes(scratch.first(size)))) break;
    }
    End();
    return state_;
  }

  // Appends `plain` to `wire` as TLS records. REQUIRES: state() is kOpen or kClosed.
  State Send(Bytes plain, Buffer& wire);

  // Appends the notice that nothing more is sent.
  void SendClose(Buffer& wire);

  // True if the first bytes of a connection were plain HTTP, from somebody who did not know that
  // this is TLS.
  bool got_plain_http() const { return got_plain_http_; }

  SSL* handle() const { return ssl_; }
  PeerIdentity identity() const { return IdentityOf(ssl_); }

 private:
  friend struct TlsChannelBio;

  void Begin(Bytes received, Buffer& wire);
  void End();
  void Handshake();
  // 0: nothing more for now, or the state has changed.
  std::size_t Read(std::span<unsigned char> to);
  void NoteResult(int result);

  const std::shared_ptr<const TlsContext> context_;
  SSL* ssl_;
  State state_ = State::kHandshake;
  bool got_plain_http_ = false;
  // Of the call that is under way.
  Bytes received_;
  Buffer* wire_ = nullptr;
};

}  // namespace balance
