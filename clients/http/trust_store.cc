#include "clients/http/trust_store.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <utility>

namespace balance {

void TrustStores::Free::operator()(X509_STORE* store) const { X509_STORE_free(store); }

TrustStores::TrustStores(System system) : system_(std::move(system)) {}

TrustStores::~TrustStores() = default;

X509_STORE* TrustStores::Of(const std::string& ca_file) {
  const std::string& file = ca_file.empty() ? system_.file : ca_file;
  const std::array<FileState, 2> states = {StateOf(file), StateOf(system_.directory)};
  Entry& entry = stores_[ca_file];
  if (!entry.store || entry.states != states) {
    // Read the states before the files: a change in between must not go unnoticed.
    entry.states = states;
    entry.store = Load(file);
  }
  return entry.store.get();
}

std::unique_ptr<X509_STORE, TrustStores::Free> TrustStores::Load(const std::string& file) const {
  std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  const bool is_good =
      store && (file.empty() || X509_STORE_load_file(store.get(), file.c_str()) == 1) &&
      (system_.directory.empty() ||
       X509_STORE_load_path(store.get(), system_.directory.c_str()) == 1) &&
      // Every certificate in the store is trusted, self-signed or not. libcurl does the same.
      X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1;
  // Errors left in OpenSSL's queue would be taken for the failure of its next user.
  ERR_clear_error();
  if (!is_good) store.reset();
  return store;
}

bool IsVouchedFor(SSL* tls, X509_STORE* store) {
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              X509_STORE_CTX_free);
  const bool is_good =
      check && store != nullptr &&
      X509_STORE_CTX_init(check.get(), store, SSL_get0_peer_certificate(tls),
                          SSL_get_peer_cert_chain(tls)) == 1 &&
      X509_STORE_CTX_set_default(check.get(), "ssl_server") == 1 &&
      // Take over the parameters of the connection, of which the expected host is one.
      X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()), SSL_get0_param(tls)) == 1 &&
      X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return is_good;
}

void Trust(SSL_CTX* context, X509_STORE* store) {
  SSL_CTX_set1_cert_store(context, store);
  // libcurl looks at the first error there is, and takes a bad signature, as of a CA that has got a
  // new key, for some other failure of the handshake.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int is_good, X509_STORE_CTX*) {
    if (is_good == 0) ERR_clear_error();
    return is_good;
  });
}

TrustStores::FileState TrustStores::StateOf(const std::string& path) {
  struct stat state {};
  if (path.empty() || stat(path.c_str(), &state) != 0) return {};
  return {static_cast<std::int64_t>(state.st_ino), state.st_size, state.st_mtim.tv_sec,
          state.st_mtim.tv_nsec};
}

}  // namespace balance
