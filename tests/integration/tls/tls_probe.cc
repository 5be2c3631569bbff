#include "tests/integration/tls/tls_probe.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>
#include <string_view>

namespace balance {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Context = std::unique_ptr<SSL_CTX, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void Check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("tls probe: ") + what);
}

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Context MakeContext(const Probe& probe) {
  Context context(SSL_CTX_new(TLS_client_method()));
  // Old versions are refused by the server, not here.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), probe.newest_version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const Certificate ca(PEM_read_bio_X509(Memory(probe.ca).get(), nullptr, nullptr, nullptr));
  Check(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get()) == 1, "ca");
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  if (probe.certificate.cert_pem.empty()) return context;
  const Certificate own(
      PEM_read_bio_X509(Memory(probe.certificate.cert_pem).get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(Memory(probe.certificate.key_pem).get(), nullptr, nullptr, nullptr));
  Check(SSL_CTX_use_certificate(context.get(), own.get()) == 1 &&
            SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1,
        "certificate");
  return context;
}

std::string ServerCertificate(const SSL* ssl) {
  const Certificate shown(SSL_get1_peer_certificate(ssl));
  if (!shown) return "";
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), shown.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string Reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason ? reason : "closed";
}

}  // namespace

ProbeResult Handshake(const std::string& address, const Probe& probe) {
  const Context context = MakeContext(probe);
  const Bio connection(BIO_new_ssl_connect(context.get()));
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  BIO_set_conn_hostname(connection.get(), address.c_str());
  // TCP alone, to tell a server that is away from one that refuses.
  Check(BIO_do_connect(BIO_next(connection.get())) == 1, "connect");
  ERR_clear_error();
  ProbeResult result;
  // A client's certificate is judged after the client's own part is done.
  char first = 0;
  result.accepted =
      BIO_do_handshake(connection.get()) == 1 && BIO_read(connection.get(), &first, 1) == 1;
  if (!result.accepted) result.refusal = Reason();
  result.server_certificate = ServerCertificate(ssl);
  result.version = SSL_get_version(ssl);
  ERR_clear_error();
  return result;
}

}  // namespace balance
