#include "service/transport/tls_channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace balance {

// OpenSSL's view of a channel: it reads from the bytes that were handed in and appends to the
// buffer for the wire, so nothing is copied or kept in between.
struct TlsChannelBio {
  static TlsChannel& ChannelOf(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    TlsChannel& channel = ChannelOf(bio);
    const std::size_t count = std::min(channel.received_.size(), static_cast<std::size_t>(size));
    if (count == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(to, channel.received_.data(), count);
    channel.received_ = channel.received_.subspan(count);
    return static_cast<int>(count);
  }

  static int Write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    TlsChannel::Buffer* const wire = ChannelOf(bio).wire_;
    if (!wire) return -1;
    wire->insert(wire->end(), bytes, bytes + size);
    return size;
  }

  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls channel");
      if (!made) throw std::bad_alloc();
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      BIO_meth_set_create(made, Create);
      return made;
    }();
    return method;
  }
};

TlsChannel::TlsChannel(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->handle())) {
  BIO* const bio = ssl_ ? BIO_new(TlsChannelBio::Method()) : nullptr;
  if (!bio) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsChannel::~TlsChannel() { SSL_free(ssl_); }

void TlsChannel::Begin(Bytes received, Buffer& wire) {
  ERR_clear_error();
  received_ = received;
  wire_ = &wire;
}

void TlsChannel::End() {
  received_ = {};
  wire_ = nullptr;
}

void TlsChannel::Handshake() {
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return NoteResult(result);
  // A client that offers no ALPN at all is not refused by OpenSSL.
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &size);
  state_ = size == 0 ? State::kFailed : State::kOpen;
}

std::size_t TlsChannel::Read(std::span<unsigned char> to) {
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_, to.data(), to.size(), &size);
  if (result == 1) return size;
  NoteResult(result);
  return 0;
}

TlsChannel::State TlsChannel::Send(Bytes plain, Buffer& wire) {
  Begin({}, wire);
  while (!plain.empty()) {
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_, plain.data(), plain.size(), &sent);
    if (result != 1) {
      NoteResult(result);
      break;
    }
    plain = plain.subspan(sent);
  }
  End();
  return state_;
}

void TlsChannel::SendClose(Buffer& wire) {
  if (state_ != State::kOpen) return;
  Begin({}, wire);
  SSL_shutdown(ssl_);
  ERR_clear_error();
  End();
}

void TlsChannel::NoteResult(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kClosed;
      return;
    default:
      got_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      ERR_clear_error();
      state_ = State::kFailed;
  }
}

}  // namespace balance
