#include "service/transport/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace balance {
namespace {

struct FreeTls {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(STACK_OF(X509_NAME) * names) const {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeTls>;

constexpr std::array<unsigned char, 3> kAlpn = {2, 'h', '2'};

Owned<BIO> BioOf(std::string_view bytes) {
  return Owned<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

Error OpenSslError(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  Error error;
  error.kind = ErrorKind::kInvalidInput;
  error.message = what + ": " + (reason ? reason : "no reason given");
  return error;
}

int SelectH2(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
             unsigned offered_size, void*) {
  const int found =
      SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kAlpn.data(),
                            static_cast<unsigned>(kAlpn.size()), offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int RefusePassPhrase(char*, int, int, void*) { return -1; }

// The first is the server's own, the others lead to its CA.
bool UseCertificates(SSL_CTX* context, std::string_view pem) {
  const Owned<BIO> bio = BioOf(pem);
  bool is_first = true;
  while (Owned<X509> certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    const bool is_taken = is_first ? SSL_CTX_use_certificate(context, certificate.get()) == 1
                                   : SSL_CTX_add1_chain_cert(context, certificate.get()) == 1;
    if (!is_taken) return false;
    is_first = false;
  }
  ERR_clear_error();
  return !is_first;
}

bool UseKey(SSL_CTX* context, const Secret& key) {
  const Owned<BIO> bio = BioOf(key.Expose());
  const Owned<EVP_PKEY> parsed(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassPhrase, nullptr));
  return parsed && SSL_CTX_use_PrivateKey(context, parsed.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

// Their names are also sent to clients, which choose a certificate by them.
bool TrustClientCas(SSL_CTX* context, std::string_view pem) {
  const Owned<BIO> bio = BioOf(pem);
  Owned<STACK_OF(X509_NAME)> names(sk_X509_NAME_new_null());
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  while (Owned<X509> ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, ca.get()) != 1) return false;
    X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(ca.get()));
    if (!name || sk_X509_NAME_push(names.get(), name) == 0) return false;
  }
  ERR_clear_error();
  if (sk_X509_NAME_num(names.get()) == 0) return false;
  SSL_CTX_set_client_CA_list(context, names.release());
  return true;
}

int VerifyMode(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::kNone:
      return SSL_VERIFY_NONE;
    case ClientCertificates::kOptional:
      return SSL_VERIFY_PEER;
    case ClientCertificates::kRequired:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

void SetProtocol(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, SelectH2, nullptr);
}

// False if a name of that kind holds a zero byte.
bool AddName(const ASN1_IA5STRING* name, std::vector<std::string>& names) {
  const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name));
  std::string copy(text, static_cast<std::size_t>(ASN1_STRING_length(name)));
  if (copy.find('\0') != std::string::npos) return false;
  names.push_back(std::move(copy));
  return true;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsMaterialView& material) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return tl::unexpected(OpenSslError("OpenSSL makes no TLS context"));
  SetProtocol(context.get());
  if (!UseCertificates(context.get(), material.certificates)) {
    return tl::unexpected(OpenSslError("OpenSSL refuses the server's certificates"));
  }
  if (!UseKey(context.get(), material.private_key)) {
    return tl::unexpected(OpenSslError("OpenSSL refuses the server's private key"));
  }
  if (material.client_certificates != ClientCertificates::kNone &&
      !TrustClientCas(context.get(), material.client_cas)) {
    return tl::unexpected(OpenSslError("OpenSSL refuses the CAs of clients"));
  }
  SSL_CTX_set_verify(context.get(), VerifyMode(material.client_certificates), nullptr);
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

bool TlsContext::Vouches(SSL* connection) const {
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (!certificate) return true;
  const Owned<X509_STORE_CTX> verification(X509_STORE_CTX_new());
  if (!verification) return false;
  X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
  if (X509_STORE_CTX_init(verification.get(), store, certificate,
                          SSL_get_peer_cert_chain(connection)) != 1) {
    return false;
  }
  X509_STORE_CTX_set_default(verification.get(), "ssl_client");
  const bool is_valid = X509_verify_cert(verification.get()) == 1;
  ERR_clear_error();
  return is_valid;
}

PeerIdentity IdentityOf(SSL* connection) {
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  PeerIdentity identity;
  identity.is_authenticated = true;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    const bool is_clean = name->type == GEN_URI   ? AddName(name->d.ia5, identity.uris)
                          : name->type == GEN_DNS ? AddName(name->d.ia5, identity.dns_names)
                                                  : true;
    if (!is_clean) return {};
  }
  ERR_clear_error();
  return identity;
}

}  // namespace balance
