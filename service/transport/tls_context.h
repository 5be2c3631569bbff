#pragma once

// What the server shows and trusts in TLS handshakes, in OpenSSL's form.

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "clients/core/result.h"
#include "clients/core/secret.h"
#include "service/transport/peer_identity.h"

namespace balance {

enum class ClientCertificates : std::uint8_t {
  // None is asked for.
  kNone,
  // Who shows none may still call; one that does not lead to a CA is refused all the same.
  kOptional,
  // No connection without one.
  kRequired,
};

struct TlsMaterialView {
  // PEM: the server's certificate, then those that lead to its CA.
  std::string_view certificates;
  // PEM, of the first certificate.
  const Secret& private_key;
  // PEM; empty where none is asked for.
  std::string_view client_cas;
  ClientCertificates client_certificates = ClientCertificates::kNone;
};

// TLS 1.2 or newer, ALPN h2 only, no renegotiation and no resumption: a resumed session would skip
// the check of the client's certificate against CAs that were withdrawn since. Immutable and
// thread-safe; connections keep the one that they began with.
class TlsContext {
 public:
  // Fails with kInvalidInput and OpenSSL's reason, never with parts of a file.
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsMaterialView& material);

  SSL_CTX* handle() const { return context_.get(); }

  // Whether the certificate that the peer of an established connection has shown leads to one of
  // these client CAs now. True for a peer that has shown none.
  bool Vouches(SSL* connection) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  explicit TlsContext(Context context) : context_(std::move(context)) {}

  const Context context_;
};

// What the peer of an established connection has shown. Names that hold a zero byte, which no
// honest CA signs, make it nobody.
PeerIdentity IdentityOf(SSL* connection);

}  // namespace balance
