#include "service/config/x509_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <optional>

namespace balance {
namespace {

using std::chrono::sys_seconds;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

std::optional<sys_seconds> ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return sys_seconds(std::chrono::seconds(timegm(&parts)));
}

bool IsAtTheEnd() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

tl::unexpected<std::string> Unreadable(std::size_t number) {
  return tl::unexpected("holds a certificate that cannot be read, number " +
                        std::to_string(number));
}

}  // namespace

tl::expected<std::vector<X509Certificate>, std::string> X509Certificate::ParseAll(
    const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<X509Certificate> all;
  ERR_clear_error();
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    std::shared_ptr<X509> handle(next, X509_free);
    const auto not_before = ToTime(X509_get0_notBefore(next));
    const auto not_after = ToTime(X509_get0_notAfter(next));
    if (!not_before || !not_after) return Unreadable(all.size() + 1);
    all.push_back(X509Certificate(std::move(handle), *not_before, *not_after));
  }
  const bool complete = IsAtTheEnd();
  ERR_clear_error();
  if (!complete) return Unreadable(all.size() + 1);
  if (all.empty()) return tl::unexpected(std::string("holds no certificate in PEM"));
  return all;
}

bool X509Certificate::IsAuthority() const { return X509_check_ca(handle_.get()) > 0; }

bool X509Certificate::MayServe() const {
  return X509_check_purpose(handle_.get(), X509_PURPOSE_SSL_SERVER, 0) == 1;
}

bool X509Certificate::IsIssuedBy(const X509Certificate& issuer) const {
  const bool issued = X509_check_issued(issuer.handle_.get(), handle_.get()) == X509_V_OK &&
                      X509_verify(handle_.get(), X509_get0_pubkey(issuer.handle_.get())) == 1;
  ERR_clear_error();
  return issued;
}

std::string X509Certificate::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), handle_.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace balance
