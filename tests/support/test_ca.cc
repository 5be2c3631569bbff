#include "tests/support/test_ca.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace balance {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void Check(bool done) {
  if (!done) throw std::runtime_error("openssl cannot make the test's certificates");
}

Key NewKey(int rsa_bits) {
  Key key(rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_EC_gen("P-256"));
  Check(key != nullptr);
  return key;
}

std::string Text(const Bio& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  Check(bio && PEM_write_bio_X509(bio.get(), certificate) == 1);
  return Text(bio);
}

std::string ToPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  Check(bio &&
        PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return Text(bio);
}

void AddExtension(X509* certificate, int kind, const std::string& value, X509* issuer = nullptr) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  Check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string AltNames(const CertificateRequest& request) {
  std::string names;
  const auto add = [&names](const char* kind, const std::vector<std::string>& values) {
    for (const std::string& value : values) names += (names.empty() ? "" : ",") + (kind + value);
  };
  add("URI:", request.uris);
  add("DNS:", request.dns_names);
  add("IP:", request.ip_addresses);
  return names;
}

void SetSerial(X509* certificate) {
  std::uint32_t serial = 0;
  Check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1);
}

Certificate NewCertificate(const std::string& name, EVP_PKEY* key,
                           const CertificateRequest& request) {
  Certificate made(X509_new());
  Check(made && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(made.get()), request.not_before.count()) &&
        X509_gmtime_adj(X509_getm_notAfter(made.get()), request.not_after.count()) &&
        X509_set_pubkey(made.get(), key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                   0) == 1);
  SetSerial(made.get());
  AddExtension(made.get(), NID_subject_alt_name, AltNames(request));
  AddExtension(made.get(), NID_ext_key_usage, request.extended_key_usage);
  return made;
}

// The key's identifier tells issuers of one name apart.
void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  AddExtension(certificate, NID_subject_key_identifier, "hash");
  AddExtension(certificate, NID_authority_key_identifier, "keyid:always", issuer);
  Check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
        X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

}  // namespace

TestCa::TestCa(const std::string& name, const CertificateRequest& request)
    : TestCa(name, request, nullptr) {}

TestCa::TestCa(const std::string& name, const CertificateRequest& request, const TestCa* issuer)
    : key_(NewKey(request.rsa_bits)), certificate_(NewCertificate(name, key_.get(), request)) {
  AddExtension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  const TestCa& signer = issuer ? *issuer : *this;
  Sign(certificate_.get(), signer.certificate_.get(), signer.key_.get());
  cert_pem_ = ToPem(certificate_.get());
}

TestCertificate TestCa::Issue(const CertificateRequest& request) const {
  const Key key = NewKey(request.rsa_bits);
  const Certificate certificate = NewCertificate("test", key.get(), request);
  Sign(certificate.get(), certificate_.get(), key_.get());
  return {ToPem(certificate.get()), ToPem(key.get())};
}

TestCa TestCa::IssueCa(const std::string& name, const CertificateRequest& request) const {
  return TestCa(name, request, this);
}

}  // namespace balance
