#pragma once

// A client of a TLS server on this machine, frame by frame: what a library would not do to it.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/raw_peer.h"
#include "tests/support/test_ca.h"

namespace balance {

// Never blocks, but for Handshake(). Used on one thread.
class TlsPeer {
 public:
  // Shows `certificate` if it is not null. Of `version` at most, such as TLS1_2_VERSION.
  explicit TlsPeer(std::uint16_t port, const TestCertificate* certificate = nullptr,
                   int version = TLS1_3_VERSION)
      : peer_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(nullptr) {
    // OpenSSL writes to sockets that are closed.
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (certificate) Show(*certificate);
    ssl_.reset(SSL_new(context_.get()));
    static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl_.get(), kAlpn, sizeof(kAlpn));
    SSL_set_fd(ssl_.get(), peer_.socket());
    SSL_set_connect_state(ssl_.get());
  }

  // Says hello, and does not look at what the server answers.
  void BeginHandshake() {
    SSL_set0_rbio(ssl_.get(), BIO_new(BIO_s_mem()));
    HandshakeStep();
    BIO* const socket = SSL_get_wbio(ssl_.get());
    BIO_up_ref(socket);
    SSL_set0_rbio(ssl_.get(), socket);
  }
  // One step; true once it is done.
  bool HandshakeStep() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    is_closed_ = result != 1 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
    return result == 1;
  }
  // False if the server refuses, or does not answer within ten seconds.
  bool Handshake() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!HandshakeStep()) {
      if (is_closed_ || std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  bool Send(std::string_view bytes) {
    ERR_clear_error();
    std::size_t sent = 0;
    return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent) == 1;
  }
  // What has come.
  std::string Receive() {
    ERR_clear_error();
    std::string all;
    char bytes[4096];
    std::size_t size = 0;
    int result = 0;
    while ((result = SSL_read_ex(ssl_.get(), bytes, sizeof(bytes), &size)) == 1) {
      all.append(bytes, size);
    }
    is_closed_ = is_closed_ || SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
    return all;
  }
  // The server has hung up, as far as Receive() has seen.
  bool is_closed() const { return is_closed_; }

  SSL* handle() const { return ssl_.get(); }
  RawPeer& raw() { return peer_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  template <typename T>
  using Owned = std::unique_ptr<T, Free>;

  void Show(const TestCertificate& shown);

  RawPeer peer_;
  Owned<SSL_CTX> context_;
  Owned<SSL> ssl_;
  bool is_closed_ = false;
};

inline void TlsPeer::Show(const TestCertificate& shown) {
  const auto bio = [](const std::string& pem) {
    return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  };
  const Owned<X509> certificate(
      PEM_read_bio_X509(bio(shown.cert_pem).get(), nullptr, nullptr, nullptr));
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio(shown.key_pem).get(), nullptr, nullptr, nullptr));
  if (SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
    throw std::runtime_error("the certificate cannot be shown");
  }
}

}  // namespace balance
