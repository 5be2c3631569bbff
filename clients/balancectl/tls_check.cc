#include "clients/balancectl/tls_check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace balance::ctl {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate FirstCertificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(Memory(pem).get(), nullptr, nullptr, nullptr));
}

// Refuses a pass phrase, for which OpenSSL would otherwise ask at the terminal.
int RefusePassPhrase(char*, int, int, void*) { return -1; }

std::optional<std::string> CheckPair(const TlsFlags& flags, const TlsTexts& texts) {
  const Certificate certificate = FirstCertificate(texts.certificate);
  if (!certificate) return flags.cert_file + " holds no certificate that can be read";
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(Memory(texts.key).get(), nullptr, RefusePassPhrase, nullptr));
  if (!key) return flags.key_file + " holds no private key that can be read without a pass phrase";
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return "the key in " + flags.key_file + " does not fit the certificate in " + flags.cert_file;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> CheckTlsTexts(const TlsFlags& flags, const TlsTexts& texts) {
  std::optional<std::string> problem;
  if (!texts.cas.empty() && !FirstCertificate(texts.cas)) {
    problem = flags.ca_file + " holds no certificate that can be read";
  } else if (!texts.certificate.empty()) {
    problem = CheckPair(flags, texts);
  }
  ERR_clear_error();
  return problem;
}

std::string ConnectionHint(const grpc::Status& status, const TlsFlags& flags) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return "";
  const std::string text = status.error_message();
  const auto says = [&text](const char* words) { return text.find(words) != std::string::npos; };
  if (says("certificate verify failed")) {
    return "no trusted CA has signed the server's certificate: name the one that did with --tls-ca";
  }
  if (says("is not in peer certificate")) {
    return "the server's certificate is for another name: give that with --tls-server-name";
  }
  if (says("wrong version number")) return "the server seems to speak no TLS";
  // A server that refuses a certificate says so by an alert of TLS, which gRPC calls a failed read.
  if (!says("Socket closed") && !says("Connection reset") && !says("Broken pipe") &&
      !says("Endpoint read failed")) {
    return "";
  }
  if (!flags.enabled) return "the server may want --tls";
  if (flags.cert_file.empty()) return "the server may want a certificate: --tls-cert, --tls-key";
  return "the server may not trust the certificate in " + flags.cert_file;
}

}  // namespace balance::ctl
