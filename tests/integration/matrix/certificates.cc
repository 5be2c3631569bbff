#include "tests/integration/matrix/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace balance {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void Check(bool done) {
  if (!done) throw std::runtime_error("openssl cannot make the test's certificates");
}

Key NewKey() {
  Key key(EVP_EC_gen("P-256"));
  Check(key != nullptr);
  return key;
}

void SetName(X509_NAME* name, const char* common_name) {
  Check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                   0) == 1);
}

void AddExtension(X509* certificate, int kind, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  Check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// `issuer` null: itself.
Certificate Issue(const char* name, EVP_PKEY* key, long serial, const CertificateWish& wish,
                  X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  Check(made && X509_set_version(made.get(), 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.not_before) &&
        X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.not_after) &&
        X509_set_pubkey(made.get(), key) == 1);
  SetName(X509_get_subject_name(made.get()), name);
  X509* const signer = issuer ? issuer : made.get();
  Check(X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1);
  if (issuer || wish.self_signed) {
    AddExtension(made.get(), NID_subject_alt_name, wish.subject_alt_name);
  } else {
    AddExtension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  }
  Check(X509_sign(made.get(), issuer_key, EVP_sha256()) > 0);
  return made;
}

std::unique_ptr<std::FILE, Free> Open(const std::string& path) {
  std::unique_ptr<std::FILE, Free> file(std::fopen(path.c_str(), "w"));
  Check(file != nullptr);
  return file;
}

}  // namespace

void WriteCertificates(const std::string& directory, const CertificateWish& wish) {
  const Key ca_key = NewKey();
  const Certificate ca = Issue("test ca", ca_key.get(), 1, {}, nullptr, ca_key.get());
  const Key key = NewKey();
  const Certificate server = wish.self_signed
                                 ? Issue("test server", key.get(), 2, wish, nullptr, key.get())
                                 : Issue("test server", key.get(), 2, wish, ca.get(), ca_key.get());
  Check(PEM_write_X509(Open(directory + "/ca.pem").get(), ca.get()) == 1);
  Check(PEM_write_X509(Open(directory + "/server.pem").get(), server.get()) == 1);
  Check(PEM_write_PrivateKey(Open(directory + "/server.key").get(), key.get(), nullptr, nullptr, 0,
                             nullptr, nullptr) == 1);
}

}  // namespace balance
